"""`setup email restrict list`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.text.terminal import say, show_json, show_plain


@click.command("list")
@options.direction
@options.as_json
def command(direction: str, *, as_json: bool) -> None:
    """List who may not send or receive mail, and what is done with it."""
    rows: dict[str, str] = call("access", source="setup")[direction]
    if as_json:
        show_json([{"address": address, "action": action} for address, action in rows.items()])
        return
    if not rows:
        say(f"everybody may {direction} mail")
    show_plain(f"{address} {action}" for address, action in rows.items())
