"""Fields of users, which a passdb, userdb or an account's line says; 2.4 ignores those of 2.3 in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from renderers.dovecot.dialects import location, names, quotas
from renderers.dovecot.dialects.variables import Untranslatable

_PREFIX = "userdb_"
_OWN = frozenset(
    [
        "allow_nets",
        "allow_real_nets",
        "allow_user",
        "anonymous",
        "auth_user",
        "chroot",
        "client_cert_fingerprint",
        "delay_until",
        "destuser",
        "fail",
        "gid",
        "home",
        "host",
        "hostip",
        "k5principals",
        "login_user",
        "master",
        "nice",
        "noauthenticate",
        "nodelay",
        "nologin",
        "nopassword",
        "original_user",
        "pass",
        "password",
        "port",
        "proxy",
        "proxy_maybe",
        "proxy_mech",
        "proxy_noauth",
        "proxy_nopipelining",
        "proxy_refresh",
        "proxy_timeout",
        "reason",
        "source_ip",
        "ssl",
        "starttls",
        "system_groups_user",
        "temp",
        "uid",
        "user",
        "warn",
    ]
)
"""Fields that are no settings; the same in both (doc.dovecot.org, "Password Database Extra Fields")."""
_SCRIPTS = {"sieve": "personal", "sieve_default": "default", "sieve_before": "before", "sieve_after": "after"}
_RENAMED = {
    "quota_max_mail_size": "quota_mail_size",
    "acl": "acl_driver",
    "lazy_expunge": "lazy_expunge_mailbox",
}
_GLOBAL_RULE = re.compile(r"quota_rule[0-9]*")


def words(text: str) -> Iterator[tuple[str, str]]:
    """The fields of `uid=5000 home=/var/mail/%u`, one word each, as 2.4 calls them."""
    for word in text.split():
        name, equals, value = word.partition("=")
        yield from field(name, value if equals else "yes")


def field(name: str, value: str) -> Iterator[tuple[str, str]]:
    """One field in 2.4's names, variables as they were; raises Untranslatable for what it would ignore."""
    prefix = _PREFIX if name.startswith(_PREFIX) else ""
    plain, colon, how = name.removeprefix(prefix).partition(":")
    suffix = f":{'default' if how == 'protected' else how}" if colon else ""
    for known, text in _field(plain, value):
        yield f"{prefix}{known}{suffix}", text


def _field(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name in _OWN or name.startswith(("event_", "forward_", "k5")):
        yield name, value
    elif name == "mail":
        yield from location.settings(value)
    elif _GLOBAL_RULE.fullmatch(name):
        for line in quotas.of_rule(value):
            known, _, text = line.partition(" = ")
            yield known, text
    elif name in _SCRIPTS:
        script = f"sieve_script/{_SCRIPTS[name]}"
        place, _, options = value.removeprefix("file:").partition(";")
        yield f"{script}/path", place
        if options.startswith("active="):
            yield f"{script}/active_path", options.removeprefix("active=")
    elif name in _RENAMED:
        yield _RENAMED[name], value
    elif names.new().get(name, "list") not in (*names.FREE, *names.BLOCKS) or "/" in name:
        yield name, value
    else:
        cure = "name a setting of 2.4, or leave it out"
        raise Untranslatable(f"2.4 ignores a field {name} without a word", cure)
