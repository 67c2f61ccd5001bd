"""Options and types that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

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
    """--wait/--no-wait, for the commands that make a release."""
    return click.option(
        "--wait/--no-wait", default=True, show_default=True, help="Wait until the change serves."
    )(function)


def mass_delete(function: F) -> F:
    """--allow-mass-delete, for the commands that may take much away at once."""
    return click.option(
        "--allow-mass-delete",
        is_flag=True,
        help="Also where more than half of all accounts, aliases, quotas, relay hosts … would go.",
    )(function)


def direction(function: F) -> F:
    """The argument send|receive, for the commands about restrictions."""
    return click.argument("direction", type=click.Choice(("send", "receive")), metavar="send|receive")(
        function
    )


def address(text: str) -> str:
    """A mail address as written, for click's `type`; what else may be wrong with it the server tells."""
    local, at, domain = text.rpartition("@")
    if at and not local:
        raise click.BadParameter(f"'{text}' has no local part: write it as user@example.test")
    if not domain or not at:
        raise click.BadParameter(f"'{text}' has no domain part: write it as user@example.test")
    return text
