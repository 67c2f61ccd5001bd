"""`setup dovecot-master list`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import show_json, show_plain


@click.command("list")
@options.as_json
def command(*, as_json: bool) -> None:
    """List the master accounts."""
    names: list[str] = call("masters", source="setup")["masters"]
    if as_json:
        show_json(names)
        return
    show_plain(f"* {name}" for name in names)
