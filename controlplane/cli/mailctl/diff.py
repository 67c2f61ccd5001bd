"""`mailctl diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call
from controlplane.cli.run import DIFFERENCE
from controlplane.cli.text.terminal import show_json, show_lines

if TYPE_CHECKING:
    from controlplane.protocol.states import Difference


@click.command("diff")
@click.argument("a")
@click.argument("b", required=False, default="")
@click.option("--state", "part", flag_value="state", help="Only the events that lead from A to B.")
@click.option("--rendered", "part", flag_value="rendered", help="Only the files that the services read.")
@options.as_json
@options.exit_code
def command(a: str, b: str, part: str | None, *, as_json: bool, exit_code: bool) -> int:
    """What differs between the revisions A and B (default: now), in the state and in the rendered files.

    A revision is a position of the log, a commit, a branch, or a time.
    """
    found: Difference = call("diff", a=a, b=b)
    if as_json:
        show_json(found)
    else:
        if part != "rendered":
            show_lines(found["text"])
        if part != "state" and found.get("rendered"):
            click.echo(found["rendered"].rstrip("\n"))
    return DIFFERENCE if exit_code and found["different"] else 0
