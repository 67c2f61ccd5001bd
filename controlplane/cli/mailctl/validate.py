"""`mailctl validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controlplane.cli import options
from controlplane.cli.ask.client import call, server_is_here
from controlplane.cli.text.terminal import say, show_json
from controlplane.errors import NotFound, Problem
from controlplane.words.numbers import counted
from controlplane.words.problems import problem_lines

if TYPE_CHECKING:
    from controlplane.protocol.plans import Validated


@click.command("validate")
@click.argument("tree", required=False, metavar="[DIR|REVISION]")
@options.as_json
@options.watch
def command(tree: str | None, *, as_json: bool, watch: bool) -> int:
    """Find what a push would be refused for, in the working tree DIR (default: here) or at a REVISION.

    On the server the daemons' own checkers take part; in a clone everything else is checked.
    """

    def show() -> int:
        return _show(_validate(tree), as_json=as_json)

    if not watch:
        return show()
    from controlplane.cli.clone.watching import watched

    return watched(tree, show)


def _show(found: Validated, *, as_json: bool) -> int:
    problems = [Problem(**problem) for problem in found["problems"]]
    if as_json:
        show_json(found)
        return 1 if problems else 0
    for line in problem_lines(problems):
        click.echo(line)
    for warning in found.get("warnings", ()):
        say(f"⚠ {warning}")
    if problems:
        say(f"✗ {counted(len(problems), 'problem')}")
        return 1
    _say_checked(found)
    return 0


def _validate(tree: str | None) -> Validated:
    from controlplane.cli.clone.working_tree import as_request, is_tree, read_working_tree
    from controlplane.statefiles.treefile import CONFIG, SETTINGS

    directory = Path(tree or ".")
    if not directory.is_dir():
        return _ask(revision=tree or "main")
    if not is_tree(directory):
        raise NotFound(
            f"{directory.resolve()} is no clone of the state repo: it holds neither {SETTINGS} nor {CONFIG}, "
            "so there is nothing to validate\n"
            "  name a clone, or on the server a revision: mailctl validate main"
        )
    files = read_working_tree(directory)
    if server_is_here():
        return _ask(files=as_request(files))
    from controlplane.cli.clone import offline

    return offline.validate(files)


def _ask(**arguments: Any) -> Validated:
    found: Validated = call("validate", **arguments)
    return found


def _say_checked(found: Validated) -> None:
    checked = found.get("checked")
    if checked:
        say(f"✔ valid, checked with {', '.join(checked)} ({found.get('seconds') or 0:.1f} s)")
    else:
        say("✔ valid as far as can be told here; the daemons' own checkers did not run")
