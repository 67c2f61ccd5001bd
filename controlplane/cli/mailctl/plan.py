"""`mailctl plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call, server_is_here
from controlplane.cli.run import DIFFERENCE
from controlplane.cli.text.terminal import say, show_json, show_lines

if TYPE_CHECKING:
    from controlplane.protocol.plans import Planned


@click.command("plan")
@click.argument("change", required=False, metavar="[REVISION|A..B|DIR]")
@click.option(
    "--format",
    "layout",
    type=click.Choice(("text", "markdown", "json")),
    help="How to print it; markdown fits a comment on a pull request.",
    default="text",
    show_default=True,
)
@options.as_json
@options.exit_code
@options.watch
def command(change: str | None, layout: str, *, as_json: bool, exit_code: bool, watch: bool) -> int:
    """What a change would do: events, files of the services, reloads and restarts.

    The change is a REVISION against what serves, a range A..B, or a working tree DIR (default: here). In a
    clone without a server a working tree is planned against origin/main, and a range within the clone.
    """

    def show() -> int:
        return _show(_plan(change), layout, as_json=as_json, exit_code=exit_code)

    if not watch:
        return show()
    from controlplane.cli.clone.watching import watched

    return watched(change, show)


def _show(found: Planned, layout: str, *, as_json: bool, exit_code: bool) -> int:
    if as_json or layout == "json":
        show_json(found["plan"])
    elif layout == "markdown":
        click.echo(str(found["markdown"]).rstrip("\n"))
    else:
        show_lines(found["text"])
    if found["plan"].get("problems"):
        return 1
    return DIFFERENCE if exit_code and found["different"] else 0


def _plan(change: str | None) -> Planned:
    from controlplane.cli.clone.working_tree import as_request, is_tree, read_working_tree

    directory = Path(change or ".")
    if server_is_here():
        if is_tree(directory):
            return _ask(files=as_request(read_working_tree(directory)))
        base, dots, target = (change or "main").partition("..")
        return _ask(base=base if dots else "", target=target if dots else base)
    from controlplane.cli.clone import offline

    found = offline.plan(change or ".")
    say("⚠ no server here: the daemons' own checkers did not run")
    return found


def _ask(**arguments: Any) -> Planned:
    found: Planned = call("plan", **arguments)
    return found
