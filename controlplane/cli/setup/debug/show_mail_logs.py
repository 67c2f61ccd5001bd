"""`setup debug show-mail-logs`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from controlplane.errors import Unavailable

LOG = Path("/var/log/mail/mail.log")


@click.command("show-mail-logs")
def command() -> None:
    """Show the mail log."""
    try:
        with LOG.open("rb") as log:
            shutil.copyfileobj(log, sys.stdout.buffer)
    except OSError as error:
        raise Unavailable(f"{LOG} cannot be read: {error.strerror}") from None
    sys.stdout.flush()
