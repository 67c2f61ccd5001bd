"""`setup alias add`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("add", cls=TakesValues)
@click.argument("alias")
@click.argument("recipient")
@options.reason
@options.wait
def command(alias: str, recipient: str, reason: str, *, wait: bool) -> None:
    """Deliver mail for ALIAS to RECIPIENT.

    ALIAS is an address, or @example.test for a whole domain. RECIPIENT is one address or several with commas
    between them; an alias that exists gets them in addition.
    """
    edit("alias.add", reason, wait=wait, alias=alias, target=recipient)
