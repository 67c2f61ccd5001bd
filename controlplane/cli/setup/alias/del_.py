"""`setup alias del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit


@click.command("del")
@click.argument("alias")
@click.argument("recipient")
@options.reason
@options.wait
def command(alias: str, recipient: str, reason: str, *, wait: bool) -> None:
    """Stop delivering mail for ALIAS to RECIPIENT.

    The alias goes with its last recipient.
    """
    edit("alias.remove", reason, wait=wait, alias=alias, target=recipient)
