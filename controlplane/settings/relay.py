"""Settings of sending through another server."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Host, HostPort, Text, Whole

HOST = {"RELAY_HOST": "relay.example.test"}
DEFAULT_HOST = {"DEFAULT_RELAY_HOST": "[relay.example.test]:587"}


class Relay(Area):
    """Sending mail through another server instead of directly."""

    title: ClassVar[str] = "Relay host"

    default_relay_host: HostPort = setting(consumers=("postfix",), sample="[relay.example.test]:587")
    """Which server outgoing mail goes through, unless `config/postfix-relaymap.cf` says otherwise.

    Square brackets mean the host itself, not the MX of that name: `[mail.example.test]:587`.
    """

    relay_host: Host = setting(consumers=("postfix",), sample="relay.example.test")
    """The same for the domains of this server only, an older form: it lets single domains opt out.

    It goes before `DEFAULT_RELAY_HOST` and does not work with LDAP.
    """

    relay_port: Whole = setting("25", ge=1, le=65535, consumers=("postfix",), sample="587", requires=HOST)
    """The port of `RELAY_HOST`."""

    relay_user: Text = setting(
        consumers=("postfix",), sample="sample", requires={**DEFAULT_HOST, "RELAY_PASSWORD": "sample"}
    )
    """The name to log in to the relay host with. All outgoing mail must be encrypted and logged in then."""

    relay_password: Text = setting(
        consumers=("postfix",),
        sample="sample",
        requires={**DEFAULT_HOST, "RELAY_USER": "sample"},
        secret=True,
    )
    """The password of `RELAY_USER`. `config/postfix-sasl-password.cf` is the place for several."""
