"""`setup dovecot-master del`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("del", cls=TakesValues)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.reason
@options.wait
def command(names: tuple[str, ...], reason: str, *, wait: bool) -> None:
    """Delete master accounts."""
    edit("master.remove", reason, wait=wait, names=list(names))
