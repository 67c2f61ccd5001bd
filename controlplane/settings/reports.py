"""Settings of log files and the reports about them."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Address, Addresses, Whole

SUMMARY = {"PFLOGSUMM_TRIGGER": "daily_cron"}
WATCH = {"LOGWATCH_INTERVAL": "daily"}


class Reports(Area):
    """Log rotation, and mails that sum the logs up."""

    title: ClassVar[str] = "Reports"

    report_recipient: Addresses = setting(
        default_from="{POSTMASTER_ADDRESS}", sample="reports@example.test", requires=SUMMARY
    )
    """Who receives reports, unless a report has its own recipient."""

    report_sender: Address = setting(
        default_from="mailserver-report@{HOSTNAME}", sample="sender@example.test", requires=SUMMARY
    )
    """Who reports come from, unless a report has its own sender."""

    pflogsumm_trigger: Literal["none", "daily_cron", "logrotate"] = setting("none", sample="daily_cron")
    """When to send a summary of Postfix's log: never, daily about the day before, or at each rotation."""

    pflogsumm_recipient: Addresses = setting(
        default_from="{REPORT_RECIPIENT}", sample="summary@example.test", requires=SUMMARY
    )
    """Who receives the summary of Postfix's log."""

    pflogsumm_sender: Address = setting(
        default_from="{REPORT_SENDER}", sample="sender@example.test", requires=SUMMARY
    )
    """Who the summary of Postfix's log comes from."""

    logwatch_interval: Literal["none", "daily", "weekly"] = setting("none", sample="daily")
    """How often Logwatch reports."""

    logwatch_recipient: Addresses = setting(
        default_from="{REPORT_RECIPIENT}", sample="watch@example.test", requires=WATCH
    )
    """Who receives Logwatch's reports."""

    logwatch_sender: Address = setting(
        default_from="{REPORT_SENDER}", sample="sender@example.test", requires=WATCH
    )
    """Who Logwatch's reports come from."""

    logrotate_interval: Literal["weekly", "daily", "monthly"] = setting(
        "weekly", consumers=("system",), sample="daily"
    )
    """How often the log files below `/var/log/mail` are rotated."""

    logrotate_count: Whole = setting("4", ge=0, unit="files", consumers=("system",), sample="8")
    """How many rotated log files are kept."""
