"""`mailctl history`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.ask import questions
from controlplane.cli.text.entries import show_entries
from controlplane.cli.text.terminal import say


@click.command("history")
@click.argument("subject")
@options.outcomes
@options.pager
@options.as_json
def command(subject: str, *, as_json: bool, pager: bool, outcome: tuple[str, ...], not_live: bool) -> None:
    """Everything that happened to SUBJECT: an address, a setting's name, a file, a node."""
    wanted = options.wanted_outcomes(outcome, not_live=not_live)
    entries = questions.history(subject, wanted)
    show_entries(entries, as_json=as_json, with_subject=False, pager=pager)
    if not entries and wanted:
        say(f"⚠ nothing that happened to {subject} is {' or '.join(wanted)}")
    elif not entries:
        say(f"⚠ nothing is known of {subject}: no change set is about it (`mailctl log` shows what is there)")
