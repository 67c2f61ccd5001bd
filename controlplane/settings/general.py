"""Settings of the container as a whole."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Host, Interface, Interval, Switch, TimeZone, Url, Whole

FEED = "https://forge.example.test/api/releases/latest"


class General(Area):
    """The container as a whole: its name, its users, its log."""

    title: ClassVar[str] = "General"

    override_hostname: Host = setting(consumers=("postfix", "dovecot"), sample="other.example.test")
    """The fully qualified name of the mail server, where the container's own host name cannot be set.

    It goes before `--hostname` and Compose's `hostname:`. Empty: what `hostname -f` answers.
    """

    log_level: Literal["error", "warn", "info", "debug", "trace"] = setting(
        "info", sample="debug", supported=True
    )
    """How much the control plane and the agent write to the container's log."""

    supervisor_loglevel: Literal["critical", "error", "warn", "info", "debug"] = setting(
        "warn", sample="debug", supported=True
    )
    """How much Supervisor, which runs the services, writes to `/var/log/supervisor/supervisord.log`.

    It is read when the container starts.
    """

    dms_vmail_uid: Whole = setting("5000", ge=1, le=2147483647, consumers=("dovecot",), sample="5001")
    """The user id that owns the mail below `/var/mail`."""

    dms_vmail_gid: Whole = setting("5000", ge=1, le=2147483647, consumers=("dovecot",), sample="5001")
    """The group id that owns the mail below `/var/mail`."""

    account_provisioner: Literal["FILE", "LDAP", "OIDC"] = setting(
        "FILE", supported=True, pending=("LDAP", "OIDC"), sample="LDAP"
    )
    """Where accounts and aliases come from: the files of this repository (`FILE`) or a directory (`LDAP`).

    `OIDC` is a reserved word: tokens can be accepted beside one of the other two, see `ENABLE_OAUTH2`.
    """

    permit_docker: Literal["none", "container", "host", "network", "connected-networks"] = setting(
        "none",
        consumers=("postfix",),
        sample="container",
        risks={
            "host": "lets the Docker host send without a password",
            "network": "lets whole networks send without a password",
            "connected-networks": "lets whole networks send without a password",
        },
    )
    """Who may send without a password: with `none` nobody, else programs in the container, and others.

    `container` adds the container's own addresses, `host` the IPv4 address of the Docker host, `network`
    Docker's usual range 172.16.0.0/12, `connected-networks` every IPv4 network that the container is in.
    Where IPv6 clients are translated to the gateway's address, trusting networks makes an open relay.
    """

    tz: TimeZone = setting(consumers=("system",), sample="Europe/Berlin")
    """The time zone of logs and reports, as `Area/Place`. Empty: what `/etc/localtime` says."""

    smtp_only: Switch = setting("0", consumers=("postfix", "dovecot"), sample="1")
    """Run Postfix and nothing that reads or stores mail: for relays."""

    network_interface: Interface = setting(
        "eth0", consumers=("postfix",), sample="eth1", requires={"PERMIT_DOCKER": "container"}
    )
    """The interface whose address counts as the container's own, for `PERMIT_DOCKER`."""

    enable_update_check: Switch = setting(
        "1", consumers=("updates",), sample="0", requires={"UPDATE_CHECK_URL": FEED}
    )
    """Look for a newer version at the start and then regularly, and tell `POSTMASTER_ADDRESS`."""

    update_check_interval: Interval = setting(
        "1d", consumers=("updates",), sample="12h", requires={"UPDATE_CHECK_URL": FEED}
    )
    """How long to wait between two looks for a newer version: a number and `s`, `m`, `h` or `d`."""

    update_check_url: Url = setting(consumers=("updates",), sample=FEED)
    """Who knows the newest version: an address that answers with it, alone or as forges tell of a release.

    Empty, as it is by default: nobody is asked, and nothing runs.
    """
