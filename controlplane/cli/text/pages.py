"""Fits long text to the terminal: its width, and pages."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from controlplane.cli.text.terminal import paint


def width() -> int:
    """Columns of the terminal; 0, for unlimited, where stdout is a file or a pipe."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 0


def show_pages(lines: Sequence[str], *, pager: bool) -> None:
    """Print lines to stdout, through a pager ($PAGER, less) where they do not fit the terminal."""
    text = "".join(f"{paint(line)}\n" for line in lines)
    if pager and sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size((80, 24)).lines:
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)
