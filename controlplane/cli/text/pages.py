"""Long text on a terminal: as wide as it, and in pages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from controlplane.cli.text.terminal import paint

F = TypeVar("F", bound=Callable[..., Any])


def width() -> int:
    """The columns of the terminal that stdout is, 0 for anything else: a file or a program cuts nothing."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 0


def pager_option(function: F) -> F:
    """--no-pager, for the commands that may say a lot."""
    return click.option(
        "--pager/--no-pager",
        default=True,
        help="Show what is longer than the screen in pages ($PAGER, less). The default on a terminal.",
    )(function)


def show_pages(lines: Sequence[str], pager: bool) -> None:
    """Lines to stdout, through $PAGER or less where stdout is a terminal with fewer lines."""
    text = "".join(f"{paint(line)}\n" for line in lines)
    if pager and sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size((80, 24)).lines:
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)
