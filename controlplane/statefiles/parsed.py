"""The result of parsing a file of `main`, and the wording and places of its problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from controlplane.errors import Problem

Row = TypeVar("Row")

MAX_PROBLEMS = 50
"""The most problems reported for one push; whoever has more made one mistake many times."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Row]):
    """The content of a file by key, in order, and everything that is wrong with it.

    Rows that have a problem are left out.
    """

    rows: Mapping[str, Row]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a file, to report problems on. `shown` is what may be shown of it (secrets are masked)."""

    path: str
    line: int
    text: str
    shown: str = ""

    def problem(self, message: str, cure: str, culprit: str = "") -> Problem:
        """A problem on this line, pointing at `culprit` if that is visible on it."""
        excerpt = printable(self.shown or self.text)
        at = excerpt.find(printable(culprit)) if culprit else -1
        return Problem(
            path=self.path,
            line=self.line,
            message=printable(message, 600),
            cure=cure,
            column=at + 1,
            length=len(printable(culprit)) if at >= 0 else 0,
            excerpt=excerpt,
        )


def printable(text: str, limit: int = 200) -> str:
    """The text with control characters made visible, cut at `limit` characters: safe for a terminal."""
    shown = text if text.isprintable() else "".join(c if c.isprintable() else _visible(c) for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _visible(character: str) -> str:
    return " " if character == "\t" else f"\\x{ord(character):02x}"
