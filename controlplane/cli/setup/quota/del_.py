"""`setup quota del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("del", cls=TakesValues)
@click.argument("address", type=options.address)
@options.reason
@options.wait
def command(address: str, reason: str, *, wait: bool) -> None:
    """Remove the limit that the mailbox of ADDRESS has of its own.

    The limit of all mailboxes applies then (POSTFIX_MAILBOX_SIZE_LIMIT).
    """
    edit("quota.remove", reason, wait=wait, address=address)
