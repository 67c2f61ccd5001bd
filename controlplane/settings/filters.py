"""Settings of the classic filters and checks around Amavis, and of Fail2Ban."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Size, Switch, Whole


class Filters(Area):
    """The classic filters: Amavis with ClamAV, OpenDKIM, OpenDMARC, SPF; MTA-STS and Fail2Ban."""

    title: ClassVar[str] = "Filters and bans"

    enable_amavis: Switch = setting("1", sample="0")
    """Run Amavis, which passes mail to ClamAV and SpamAssassin."""

    amavis_loglevel: Whole = setting("0", ge=-3, le=5, sample="2", requires={"ENABLE_AMAVIS": "1"})
    """How much Amavis logs: below 0 errors, 0 warnings, 1 and 2 its usual notes, up to 5 everything."""

    enable_clamav: Switch = setting("0", sample="1")
    """Look for viruses with ClamAV."""

    clamav_message_size_limit: Size = setting("25M", sample="30M", requires={"ENABLE_CLAMAV": "1"})
    """Larger messages are not searched for viruses."""

    virusmails_delete_delay: Whole = setting("7", ge=0, unit="days", sample="14")
    """How long a message with a virus is kept in quarantine."""

    enable_opendkim: Switch = setting("1", sample="0")
    """Sign and check DKIM signatures with OpenDKIM."""

    enable_opendmarc: Switch = setting("1", sample="0")
    """Check DMARC policies with OpenDMARC."""

    enable_policyd_spf: Switch = setting("1", sample="0")
    """Check SPF with policyd-spf; turn it off beside Rspamd, which does that itself."""

    enable_mta_sts: Switch = setting("0", sample="1")
    """Honour the MTA-STS policies (RFC 8461) of the domains that mail is sent to."""

    enable_fail2ban: Switch = setting("0", sample="1")
    """Ban clients that keep failing, with Fail2Ban; the container needs the capability `NET_ADMIN`."""

    fail2ban_blocktype: Literal["drop", "reject"] = setting(
        "drop", sample="reject", requires={"ENABLE_FAIL2BAN": "1"}
    )
    """What a banned client sees: no answer (`drop`) or an ICMP message (`reject`)."""
