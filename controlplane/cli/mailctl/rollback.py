"""`mailctl rollback`."""

from __future__ import annotations

import click

from controlplane.cli import options
from controlplane.cli.change import finish
from controlplane.cli.client import call
from controlplane.cli.terminal import say, show_json


@click.command("rollback")
@click.argument("target")
@options.reason
@options.wait
@options.as_json
def command(target: str, reason: str, wait: bool, as_json: bool) -> None:
    """Go back to the accounts, aliases, settings and overrides of TARGET, as a new change set.

    TARGET is a position of the log, a commit, or a time. Nothing is rewritten: the log gains the events
    that lead back, so a rollback can itself be rolled back.
    """
    change = call("rollback", target=target, reason=reason, wait=wait, source="mailctl")
    if as_json:
        show_json(change)
        return
    for line in change.get("text", ()):
        say(line)
    finish(change)
