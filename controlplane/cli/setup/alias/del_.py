"""`setup alias del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.text.terminal import say
from controlplane.cli.values import TakesValues


@click.command("del", cls=TakesValues)
@click.argument("alias")
@click.argument("recipient")
@options.reason
@options.wait
def command(alias: str, recipient: str, reason: str, *, wait: bool) -> None:
    """Stop delivering mail for ALIAS to RECIPIENT.

    The alias goes with its last recipient. Where there is none of that name and recipient, nothing changes.
    """
    if not edit("alias.remove", reason, wait=wait, alias=alias, target=recipient):
        say(f"✔ {alias} does not lead to {recipient}: nothing had to be changed")
