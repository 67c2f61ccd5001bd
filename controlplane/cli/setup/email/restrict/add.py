"""`setup email restrict add`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.asking import ask
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("add", cls=TakesValues)
@options.direction
@click.argument("address", required=False)
@options.reason
@options.wait
def command(direction: str, address: str | None, reason: str, *, wait: bool) -> None:
    """Keep ADDRESS from sending or from receiving mail.

    Mail from it, or to it, is refused from when the command returns. A missing ADDRESS is asked for.
    """
    address = options.address(ask(address, "Address"))
    edit("access.add", reason, wait=wait, direction=direction, address=address)
