"""`setup email restrict del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.asking import ask
from controlplane.cli.setup.edit import edit


@click.command("del")
@options.direction
@click.argument("address", required=False)
@options.reason
@options.wait
def command(direction: str, address: str | None, reason: str, *, wait: bool) -> None:
    """Let ADDRESS send or receive mail again.

    A missing ADDRESS is asked for.
    """
    address = options.address(ask(address, "Address"))
    edit("access.remove", reason, wait=wait, direction=direction, address=address)
