"""Prints to stdout and stderr: coloured marks, columns, JSON."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import click

from controlplane.errors import Problem
from controlplane.words.problems import problem_lines

MARKS = {"✗": "red", "✔": "green", "►": "cyan", "⚠": "yellow", "+": "green", "−": "red", "~": "yellow"}
_GAP = 2
"""Spaces between columns."""
_AT_ONCE = 2_000
"""Lines that are written at once."""


def say(text: str) -> None:
    """Print a line to stderr, its leading mark coloured on a terminal."""
    click.echo(paint(text), err=True)


def say_problems(problems: Sequence[Problem]) -> None:
    """Print problems to stderr; the caller has printed a title."""
    for line in problem_lines(problems):
        click.echo(line, err=True)


def paint(line: str) -> str:
    """Colour the leading mark of a line; click strips colours where the output is no terminal."""
    body = line.lstrip()
    colour = MARKS.get(body[:1])
    if colour is None:
        return line
    return line[: len(line) - len(body)] + click.style(body[0], fg=colour) + body[1:]


def show_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout, leading marks coloured on a terminal."""
    for line in lines:
        click.echo(paint(line))


def show_plain(lines: Iterable[str]) -> None:
    """Print lines to stdout as they are, many with one write: a pipe takes longer than the text."""
    lines = iter(lines)
    while some := list(islice(lines, _AT_ONCE)):
        click.echo("\n".join(some))


def show_json(value: Any) -> None:
    """Print a value as JSON to stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Align the cells of rows in columns, one line per row."""
    if not rows:
        return []
    widths = [max(map(_width, cells)) for cells in zip(*rows, strict=True)]
    return [
        indent
        + (" " * _GAP).join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def fit_cells(
    rows: Sequence[Sequence[str]], most: int, narrowest: Mapping[int, int]
) -> list[list[str]] | None:
    """Cut cells so that `columns` makes lines of at most `most` columns (0: unlimited); None if it cannot.

    Only the columns in `narrowest` are cut, the one furthest above its least width first.
    """
    widths = [max(map(_width, cells)) for cells in zip(*rows, strict=True)]
    over = sum(widths) + _GAP * (len(widths) - 1) - most if most else 0
    while over > 0:
        column = max(narrowest, key=lambda n: widths[n] - narrowest[n])
        if widths[column] <= narrowest[column]:
            return None
        widths[column] -= 1
        over -= 1
    return [[shorten(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def shorten(text: str, most: int) -> str:
    """Cut a text to at most `most` columns (0: unlimited), ending in `…` where it was cut."""
    if not most or _width(text) <= most:
        return text
    kept, room = 0, most - 1
    while (room := room - _width(text[kept])) >= 0:
        kept += 1
    return text[:kept] + "…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
