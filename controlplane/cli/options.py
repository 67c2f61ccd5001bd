"""Options and types that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from controlplane.outcomes import ChangeOutcome

OUTCOMES = tuple(outcome.replace("_", "-") for outcome in (*tuple(ChangeOutcome)[1:], ChangeOutcome.PENDING))
"""As they are typed, `served` first."""

F = TypeVar("F", bound=Callable[..., Any])


def reason(function: F) -> F:
    """--reason, for every command that changes something."""
    return click.option(
        "--reason", default="", metavar="TEXT", help="Why, for the log: a ticket, a sentence."
    )(function)


def as_json(function: F) -> F:
    """--json, for every command that reports."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def exit_code(function: F) -> F:
    """--exit-code, for the commands that compare."""
    return click.option(
        "--exit-code", "exit_code", is_flag=True, help="Exit with 4 when there is a difference."
    )(function)


def wait(function: F) -> F:
    """--wait/--no-wait, for the commands that may make a release."""
    return click.option(
        "--wait/--no-wait", default=True, show_default=True, help="Wait until the change serves."
    )(function)


def watch(function: F) -> F:
    """--watch, for the commands that read a working tree."""
    return click.option(
        "--watch", is_flag=True, help="Do it again after each save in the working tree, until Ctrl-C."
    )(function)


def mass_delete(function: F) -> F:
    """--allow-mass-delete, for the commands that may remove many entries at once."""
    return click.option(
        "--allow-mass-delete",
        is_flag=True,
        help="Also where more than half of all accounts, aliases, quotas, relay hosts … would go.",
    )(function)


def pager(function: F) -> F:
    """--pager/--no-pager, for the commands with long output."""
    return click.option(
        "--pager/--no-pager",
        default=True,
        help="Show what is longer than the screen in pages ($PAGER, less). The default on a terminal.",
    )(function)


def outcomes(function: F) -> F:
    """--outcome and --not-live, for the commands that list changes."""
    function = click.option("--not-live", is_flag=True, help="Changes that never served.")(function)
    return click.option(
        "--outcome",
        multiple=True,
        type=_outcome_word,
        metavar="|".join(OUTCOMES),
        help="Changes with this outcome; may be given several times.",
    )(function)


def _outcome_word(text: str) -> str:
    """Parse an outcome, as click's `type`; takes the spelling of JSON, `rolled_back`, as well."""
    word = text.lower().replace("_", "-")
    if word not in OUTCOMES:
        raise click.BadParameter(f"'{text}' is not an outcome: one of {', '.join(OUTCOMES)}")
    return word


def wanted_outcomes(given: Sequence[str], *, not_live: bool) -> list[str]:
    """The outcomes that both options ask for; empty means all."""
    return list(dict.fromkeys([*given, *(OUTCOMES[1:] if not_live else ())]))


def direction(function: F) -> F:
    """The argument send|receive, for the commands about restrictions."""
    return click.argument("direction", type=click.Choice(("send", "receive")), metavar="send|receive")(
        function
    )


def address(text: str) -> str:
    """Check that a mail address has both parts, as click's `type`; the server checks the rest."""
    local, at, domain = text.rpartition("@")
    if at and not local:
        raise click.BadParameter(f"'{text}' has no local part: write it as user@example.test")
    if not domain or not at:
        raise click.BadParameter(f"'{text}' has no domain part: write it as user@example.test")
    return text
