"""Settings of Fetchmail and Getmail."""

from __future__ import annotations

from typing import ClassVar

from controlplane.settings.field import Area, setting
from controlplane.settings.types import Switch, Whole

FETCHMAIL = {"ENABLE_FETCHMAIL": "1"}


class Fetching(Area):
    """Collecting mail from accounts elsewhere, with Fetchmail or Getmail."""

    title: ClassVar[str] = "Fetchmail and Getmail"

    enable_fetchmail: Switch = setting("0", sample="1")
    """Collect mail with Fetchmail, as `config/fetchmail.cf` says."""

    fetchmail_poll: Whole = setting("300", ge=1, unit="seconds", sample="600", requires=FETCHMAIL)
    """How long Fetchmail waits between two rounds."""

    fetchmail_parallel: Switch = setting("0", sample="1", requires=FETCHMAIL)
    """Run a Fetchmail for each entry, so that several can wait for new mail (IMAP IDLE) on one server.

    Defaults must stand at the top of `fetchmail.cf` then, to be in every part.
    """

    enable_getmail: Switch = setting("0", sample="1")
    """Collect mail with Getmail, as the files `config/getmail-*.cf` say."""

    getmail_poll: Whole = setting(
        "5", ge=1, le=30, unit="minutes", sample="10", requires={"ENABLE_GETMAIL": "1"}
    )
    """How long Getmail waits between two rounds."""
