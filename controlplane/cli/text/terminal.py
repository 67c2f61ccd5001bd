"""Where output goes and how it looks on a terminal: marks, colours, columns."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from controlplane.errors import Problem
from controlplane.words.problems import problem_lines

MARKS = {"✗": "red", "✔": "green", "►": "cyan", "⚠": "yellow", "+": "green", "−": "red", "~": "yellow"}


_GAP = 2


def say(text: str) -> None:
    """A line of talk to stderr; its leading mark is coloured on a terminal."""
    click.echo(paint(text), err=True)


def say_problems(problems: Sequence[Problem]) -> None:
    """Problems to stderr, below a title that was said."""
    for line in problem_lines(problems):
        click.echo(line, err=True)


def paint(line: str) -> str:
    """The line with its first mark coloured; click strips colours where no terminal reads."""
    body = line.lstrip()
    colour = MARKS.get(body[:1])
    if colour is None:
        return line
    return line[: len(line) - len(body)] + click.style(body[0], fg=colour) + body[1:]


def show_lines(lines: Iterable[str]) -> None:
    """Lines of data to stdout, marks coloured."""
    for line in lines:
        click.echo(paint(line))


def show_json(value: Any) -> None:
    """A value as JSON to stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def columns(rows: Sequence[Sequence[str]], indent: str = "") -> list[str]:
    """Rows as lines whose cells stand below each other."""
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
    """The rows with cells cut so that `columns` makes lines of at most `most`; 0 cuts nothing.

    Of the columns in `narrowest` the widest is cut first, none below its value; None where that will not do.
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
    """The text in at most so many columns (0: all of it), with `…` for what is cut off."""
    if not most or _width(text) <= most:
        return text
    kept, room = 0, most - 1
    while (room := room - _width(text[kept])) >= 0:
        kept += 1
    return text[:kept] + "…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
