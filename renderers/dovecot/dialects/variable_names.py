"""The names of variables: what each of 2.3 is called in 2.4.

(doc.dovecot.org, "Config Variables" of 2.3, "Settings Variables" of 2.4.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Variables(NamedTuple):
    """What the variables of 2.3 are called in 2.4, within `%{…}`."""

    short: Mapping[str, str]
    long: Mapping[str, str]


_USER = {"u": "user", "n": "user | username", "d": "user | domain"}
_NET = {"r": "remote_ip", "l": "local_ip", "a": "local_port", "b": "remote_port"}
_LONG = {
    "user": "user",
    "username": "user | username",
    "domain": "user | domain",
    "home": "home",
    "session": "session",
    "auth_user": "auth_user",
    "auth_username": "auth_user | username",
    "auth_domain": "auth_user | domain",
    "lip": "local_ip",
    "rip": "remote_ip",
    "lport": "local_port",
    "rport": "remote_port",
    "pid": "process:pid",
    "owner_user": "owner_user",
    "owner_username": "owner_user | username",
    "owner_domain": "owner_user | domain",
    "owner_home": "owner_home",
}
MAIL = Variables(
    {**_USER, **_NET, "h": "home", "s": "service", "p": "process:pid"},
    {**_LONG, "service": "service", "hostname": "hostname", "uid": "process:uid", "gid": "process:gid"},
)
"""Of the processes that open mailboxes."""
LOGIN = Variables(
    {
        **_USER,
        **_NET,
        "s": "protocol",
        "m": "mechanism",
        "c": "secured",
        "k": "ssl_security",
        "e": "mail_pid",
        "p": "client_pid",
        "w": "password",
    },
    {
        **_LONG,
        "service": "protocol",
        "hostname": "system:hostname",
        "mech": "mechanism",
        "secured": "secured",
        "password": "password",
        "local_name": "local_name",
        "mail_pid": "mail_pid",
        "client_id": "client_id",
        "session_pid": "session_pid",
        "requested_username": "requested_username",
        "hashed_password": "hashed_password",
        "ssl_security": "ssl_security",
        "listener": "listener",
        "login_user": "login_user",
        "login_username": "login_user | username",
        "login_domain": "login_user | domain",
        "master_user": "master_user",
        "orig_user": "original_user",
        "orig_username": "original_user | username",
        "orig_domain": "original_user | domain",
        "real_rip": "real_remote_ip",
        "real_lip": "real_local_ip",
        "real_rport": "real_remote_port",
        "real_lport": "real_local_port",
    },
)
"""Of logins: the auth process and the login processes."""
