"""`setup email restrict del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.asking import ask
from controlplane.cli.setup.edit import edit
from controlplane.cli.text.terminal import say
from controlplane.cli.values import TakesValues


@click.command("del", cls=TakesValues)
@options.direction
@click.argument("address", required=False)
@options.reason
@options.wait
def command(direction: str, address: str | None, reason: str, *, wait: bool) -> None:
    """Let ADDRESS send or receive mail again.

    A missing ADDRESS is asked for.
    """
    address = options.address(ask(address, "Address"))
    if not edit("access.remove", reason, wait=wait, direction=direction, address=address):
        what = "sending" if direction == "send" else "receiving"
        say(f"✔ {address} is not kept from {what}: nothing had to be changed")
