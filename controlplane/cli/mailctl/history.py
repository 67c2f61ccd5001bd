"""`mailctl history`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.client import call
from controlplane.cli.entries import show_entries
from controlplane.cli.terminal import say


@click.command("history")
@click.argument("subject")
@options.as_json
def command(subject: str, as_json: bool) -> None:
    """Everything that happened to SUBJECT: an address, a setting's name, a file, a node."""
    entries = call("history", subject=subject)["entries"]
    show_entries(entries, as_json, with_subject=False)
    if not entries:
        say(f"⚠ nothing is known of {subject}: no change set is about it (`mailctl log` shows what is there)")
