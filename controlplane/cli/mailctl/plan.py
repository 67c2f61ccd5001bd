"""`mailctl plan`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import STATE, call, server_is_here
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
@click.option("--image", is_flag=True, help="What a start of this image would change on the state volume.")
def command(
    change: str | None, layout: str, *, as_json: bool, exit_code: bool, watch: bool, image: bool
) -> int:
    """What a change would do: events, files of the services, reloads and restarts.

    The change is a REVISION against what serves, a range A..B, or a working tree DIR (default: here). In a
    clone without a server a working tree is planned against origin/main, and a range within the clone.

    With --image the change is the image that the command runs in: run it in a container of the new image, on
    the state volume of the server, before the upgrade (docs/upgrading.md). It writes nothing there, and the
    server may run meanwhile.
    """
    if image and (change or watch):
        raise click.UsageError("--image takes no change: it plans the start of this image")

    def show() -> int:
        found = _plan_image() if image else _plan(change)
        return _show(found, layout, as_json=as_json, exit_code=exit_code)

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


def _plan_image() -> Planned:
    from controlplane.errors import NotFound
    from controlplane.image import read_image
    from controlplane.intake.forecast import forecast
    from controlplane.state_volume import REPOSITORY, step_down
    from controlplane.words.plans import image_answer

    root = Path(os.environ.get("MAILCTL_STATE", STATE))
    if not (root / REPOSITORY).is_dir():
        raise NotFound(f"there is no state repository in {root}: mount the state volume of the server there")
    step_down(root / REPOSITORY)
    image = read_image()
    found = image_answer(forecast(root, image), image)
    say("⚠ the daemons' own checkers did not run, and what the environment pins is taken from the log")
    return found


def _ask(**arguments: Any) -> Planned:
    found: Planned = call("plan", **arguments)
    return found
