"""`setup quota set`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.setup.asking import ask
from controlplane.cli.setup.edit import edit
from controlplane.cli.values import TakesValues


@click.command("set", cls=TakesValues)
@click.argument("address", type=options.address)
@click.argument("size", required=False)
@options.reason
@options.wait
def command(address: str, size: str | None, reason: str, *, wait: bool) -> None:
    """Limit the mailbox of ADDRESS to SIZE.

    SIZE is digits and one of B, k, M, G, T, such as 512M; 0 for no limit. A missing one is asked for.
    """
    edit("quota.set", reason, wait=wait, address=address, size=ask(size, "Size (such as 512M)").strip())
