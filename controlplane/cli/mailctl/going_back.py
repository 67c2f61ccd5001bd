"""Shared by `mailctl rollback` and `mailctl revert`: shows the plan, and on a terminal asks for consent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from controlplane.cli.ask.client import call
from controlplane.cli.options import mass_delete
from controlplane.cli.run import DIFFERENCE
from controlplane.cli.text.change import is_failure, report_outcome
from controlplane.cli.text.terminal import say, say_problems, show_json, show_lines
from controlplane.errors import Problem, Refused

if TYPE_CHECKING:
    from controlplane.protocol.changes import WayBack

F = TypeVar("F", bound=Callable[..., Any])

NOT_DONE = 1


def options(function: F) -> F:
    """-y, --dry-run and --allow-mass-delete."""
    for option in (
        mass_delete,
        click.option("--dry-run", is_flag=True, help="Show the plan; change nothing."),
        click.option("-y", "--yes", is_flag=True, help="Do not ask."),
    ):
        function = option(function)
    return function


def review_and_apply(op: str, question: str, given: dict[str, Any], *, exit_code: bool) -> int:
    """Plan `op`, ask for consent, carry it out; return the exit status.

    `given` holds the options of the command and the arguments of the request. Raises Refused.
    """
    yes, dry_run, as_json = given.pop("yes"), given.pop("dry_run"), given.pop("as_json")
    always = {"reason": given.pop("reason"), "wait": given.pop("wait"), "source": "mailctl"}
    request = {name: value for name, value in given.items() if value} | always
    if dry_run:
        return _show(call(op, **request, dry_run=True), as_json=as_json, exit_code=exit_code)
    asks = not yes and sys.stdin.isatty()
    if asks:
        found: WayBack = call(op, **request, dry_run=True)
        _say_plan(found)
        if found["refused"]:
            raise Refused([Problem(**problem) for problem in found["refused"]])
        if not found["different"]:
            return _nothing(found, as_json=as_json)
        if not click.confirm(question, default=False, err=True):
            say("► nothing was changed")
            return NOT_DONE
        request["main"] = found["main"]
    change: WayBack = call(op, **request)
    if as_json:
        show_json(change)
        return int(is_failure(change))
    if not asks:
        _say_plan(change)
    if change.get("different") and not change.get("position"):
        say("✔ the text of main is as shown")
    else:
        report_outcome(change)
    return 0


def _show(found: WayBack, *, as_json: bool, exit_code: bool) -> int:
    if as_json:
        show_json(found)
    else:
        show_lines(_lines(found))
        if found["refused"]:
            say("⚠ this would be refused:")
            say_problems([Problem(**problem) for problem in found["refused"]])
        say("► dry run: nothing was changed")
    return DIFFERENCE if exit_code and found["different"] else 0


def _nothing(found: WayBack, *, as_json: bool) -> int:
    if as_json:
        show_json(found)
    say("✔ nothing had to be changed")
    return 0


def _say_plan(found: WayBack) -> None:
    for line in _lines(found):
        say(line)


def _lines(found: WayBack) -> list[str]:
    title = found["title"].split("\n") if found.get("title") else []
    return [*title, *(f"  ⚠ {note}" for note in found.get("notes", ())), *found.get("text", ())]
