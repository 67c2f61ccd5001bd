"""`setup alias list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import show_json, show_plain

if TYPE_CHECKING:
    from controlplane.protocol.states import AliasRow


@click.command("list")
@options.as_json
def command(*, as_json: bool) -> None:
    """List the aliases with their recipients."""
    aliases: list[AliasRow] = call("aliases", source="setup")["aliases"]
    if as_json:
        show_json(aliases)
        return
    show_plain(f"* {alias['alias']} {','.join(alias['targets'])}" for alias in aliases)
