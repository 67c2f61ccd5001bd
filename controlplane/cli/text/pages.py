"""Long text on a terminal: as wide as it, and in pages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from controlplane.cli.text.terminal import paint


def width() -> int:
    """The columns of the terminal that stdout is, 0 for anything else: a file or a program cuts nothing."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 0


def show_pages(lines: Sequence[str], *, pager: bool) -> None:
    """Lines to stdout, through $PAGER or less where stdout is a terminal with fewer lines."""
    text = "".join(f"{paint(line)}\n" for line in lines)
    if pager and sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size((80, 24)).lines:
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)
