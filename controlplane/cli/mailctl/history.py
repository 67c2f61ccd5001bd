"""`mailctl history`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.client import call
from controlplane.cli.entries import show_entries


@click.command("history")
@click.argument("subject")
@options.as_json
def command(subject: str, as_json: bool) -> None:
    """Everything that happened to SUBJECT: an address, a setting's name, a file, a node."""
    show_entries(call("history", subject=subject)["entries"], as_json, with_subject=False)
