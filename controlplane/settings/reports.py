"""Settings of log files and the reports about them."""

from __future__ import annotations

from typing import ClassVar, Literal

from controlplane.settings.field import Area, setting
from controlplane.settings.kinds import Address, Addresses, Whole

SUMMARY = {"PFLOGSUMM_TRIGGER": "daily_cron"}
WATCH = {"LOGWATCH_INTERVAL": "daily"}


class Reports(Area):
    """Log rotation, and mails that sum the logs up."""

    title: ClassVar[str] = "Reports"

    report_recipient: Addresses = setting(
        default_from="{POSTMASTER_ADDRESS}", probe="reports@example.test", requires=SUMMARY
    )
    """Who receives reports, unless a report has its own recipient."""

    report_sender: Address = setting(
        default_from="mailserver-report@{HOSTNAME}", probe="sender@example.test", requires=SUMMARY
    )
    """Who reports come from, unless a report has its own sender."""

    pflogsumm_trigger: Literal["none", "daily_cron", "logrotate"] = setting("none", probe="daily_cron")
    """When to send a summary of Postfix's log: never, daily about the day before, or at each rotation."""

    pflogsumm_recipient: Addresses = setting(
        default_from="{REPORT_RECIPIENT}", probe="summary@example.test", requires=SUMMARY
    )
    """Who receives the summary of Postfix's log."""

    pflogsumm_sender: Address = setting(
        default_from="{REPORT_SENDER}", probe="sender@example.test", requires=SUMMARY
    )
    """Who the summary of Postfix's log comes from."""

    logwatch_interval: Literal["none", "daily", "weekly"] = setting("none", probe="daily")
    """How often Logwatch reports."""

    logwatch_recipient: Addresses = setting(
        default_from="{REPORT_RECIPIENT}", probe="watch@example.test", requires=WATCH
    )
    """Who receives Logwatch's reports."""

    logwatch_sender: Address = setting(
        default_from="{REPORT_SENDER}", probe="sender@example.test", requires=WATCH
    )
    """Who Logwatch's reports come from."""

    logrotate_interval: Literal["weekly", "daily", "monthly"] = setting(
        "weekly", consumers=("system",), probe="daily"
    )
    """How often the log files below `/var/log/mail` are rotated."""

    logrotate_count: Whole = setting("4", ge=0, unit="files", consumers=("system",), probe="8")
    """How many rotated log files are kept."""
