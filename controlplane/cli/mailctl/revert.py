"""`mailctl revert`."""

from __future__ import annotations

from typing import Any

import click

from controlplane.cli import options
from controlplane.cli.mailctl import going_back


@click.command("revert")
@click.argument("positions", metavar="POSITION...", nargs=-1, required=True)
@going_back.options
@options.reason
@options.wait
@options.as_json
@options.exit_code
def command(*, exit_code: bool, positions: tuple[str, ...], **given: Any) -> int:
    """Take back the change sets at these positions of the log, and nothing else, as a new change set.

    What came after them stays. On a terminal the plan is shown before the command asks. Where a later
    change set touched the same thing, the revert is refused and names it. Passwords come back as they
    were: the log has their hashes.
    """
    given["positions"] = list(positions)
    return going_back.review_and_apply("revert", "Take it back?", given, exit_code=exit_code)
