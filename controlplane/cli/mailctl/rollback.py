"""`mailctl rollback`."""

from __future__ import annotations

from typing import Any

import click

from controlplane.cli import options
from controlplane.cli.mailctl import going_back


@click.command("rollback")
@click.argument("target")
@going_back.options
@click.option(
    "--skip-refused",
    is_flag=True,
    help="Leave files as they are if their old text would be refused today.",
)
@options.reason
@options.wait
@options.as_json
@options.exit_code
def command(*, exit_code: bool, **given: Any) -> int:
    """Go back to how everything was at TARGET, as a new change set.

    TARGET is a position of the log, a commit of main, or a time; 0 is before the first change set. All
    that came after it goes: `mailctl revert` takes back single change sets instead. On a terminal the
    plan is shown before the command asks. Nothing is rewritten: the log gains the events that lead back,
    so a rollback can itself be rolled back. Mail, certificates and what the container's environment holds
    are not touched.
    """
    return going_back.review_and_apply("rollback", "Go back?", given, exit_code=exit_code)
