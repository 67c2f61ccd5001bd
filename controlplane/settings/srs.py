"""Settings of sender rewriting."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Domains, Host, Switch, Text

ON = {"ENABLE_SRS": "1"}


class Srs(Area):
    """The Sender Rewriting Scheme: forwarded mail that still passes SPF."""

    title: ClassVar[str] = "SRS"

    enable_srs: Switch = setting("0", sample="1")
    """Rewrite the senders of forwarded mail to this server's domain."""

    srs_sender_classes: Literal["envelope_sender", "header_sender", "envelope_sender,header_sender"] = (
        setting("envelope_sender", sample="envelope_sender,header_sender", requires=ON)
    )
    """Which sender to rewrite: that of the envelope, that of the header (rarely wise alone), or both."""

    srs_exclude_domains: Domains = setting(sample="example.test", requires=ON)
    """Domains whose senders are left alone, separated by commas."""

    srs_secret: Text = setting(sample="c2FtcGxl", requires=ON, secret=True)
    """The keys of rewritten addresses, in base64 with commas between: the first signs, all are accepted.

    Empty: one is made at the first start. Servers that share a domain need the same keys.
    """

    srs_domainname: Host = setting(default_from="{DOMAINNAME}", sample="srs.example.test", requires=ON)
    """The domain of rewritten senders."""
