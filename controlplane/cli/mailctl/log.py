"""`mailctl log`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.client import call
from controlplane.cli.entries import show_entries
from controlplane.cli.terminal import say


@click.command("log")
@click.option("--kind", help="Events of this kind, such as account.removed.")
@click.option("--subject", help="Events about this address, setting, file or node.")
@click.option("--actor", help="Changes made by this person or program.")
@click.option("--source", help="Changes that came this way: push, setup, mailctl, config-volume, agent, …")
@click.option("--since", metavar="TIME", help="From this time on: 2026-10-01, or RFC 3339.")
@click.option("--until", metavar="TIME", help="Up to this time.")
@click.option("--text", help="Changes whose reason or subject holds this text.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="The newest so many."
)
@options.as_json
def command(as_json: bool, limit: int, **filters: str | None) -> None:
    """Who changed what, when and why, and since when it serves; newest last.

    With --json one object a line, an event each.
    """
    asked = {name: value for name, value in filters.items() if value is not None}
    entries = call("log", filters=asked, limit=limit)["entries"]
    show_entries(entries, as_json, with_subject=True)
    if not entries:
        given = " ".join(f"--{name} {value}" for name, value in asked.items())
        say(f"⚠ nothing in the log fits {given}" if given else "⚠ the log is empty")
