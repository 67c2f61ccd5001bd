"""docs/reference/breakages.md: changes that the daemons' checkers pass, and what becomes of each.

Each section is written from the table of cases that its test goes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.integration.canary_cases import BREAKAGES, LEFT_ALONE
from tests.services.breakages import POSTFIX, TABLES
from tests.services.dovecot_breakages import CASES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "breakages.md"

HEAD = """\
# Changes that every checker passes

<!-- written by `python -m tests.breakages`; a test holds it fresh -->

Postfix and Dovecot start with each change below, and people would not be served, or not as the change says.
What becomes of it here, row by row as the tests try it.
"""


class Section(NamedTuple):
    """A heading, what is said above the table, the table's columns, and its rows."""

    heading: str
    text: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]


def refused() -> Iterable[Sequence[str]]:
    """What is refused before anything changes, and the words."""
    for case in (*POSTFIX, *CASES):
        lines = [line.strip() for line in case.text.splitlines() if not line.startswith("#")]
        text = "<br>".join(f"`{line.replace(TABLES, '/x')}`" for line in lines)
        yield case.what, f"`{case.file}`", text, f"“{case.said.replace(TABLES, '/x')}”"


def lines_of(text: str) -> str:
    """The lines of an override in one cell."""
    return "<br>".join(f"`{line.strip()}`" for line in text.strip().splitlines())


def taken_back() -> Iterable[Sequence[str]]:
    """What the canary takes back, and what the reason holds; "" for whatever the daemon says."""
    for case in BREAKAGES:
        said = f"“{case.says}”" if case.says else "the daemon's words"
        yield case.name, f"`{case.file}`", lines_of(case.text), said


SECTIONS = (
    Section(
        "Refused at the push",
        "The answer names the line of the override and says what is wrong; nothing was changed\n"
        "(`tests/services/test_breakages.py`).\nBelow `/x` lie tables and files of several kinds.",
        ("change", "file", "lines", "said"),
        list(refused()),
    ),
    Section(
        "Taken back by the canary",
        "The server tries itself after the change; the last good release serves again within ten seconds\n"
        "([canary.md](../canary.md), `tests/integration/test_canary.py`), unless a checker refuses the push.",
        ("change", "file", "lines", "said"),
        list(taken_back()),
    ),
    Section(
        "Kept by the canary",
        "What meets its own address alone, or copies its mail, takes nothing back.",
        ("change", "file", "lines"),
        [(name, f"`{file}`", lines_of(text)) for name, file, text in LEFT_ALONE],
    ),
)


def page() -> str:
    """The page as its tables have it."""
    parts = [HEAD]
    for section in SECTIONS:
        rows = [section.columns, ["---"] * len(section.columns), *section.rows]
        table = "\n".join(
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows
        )
        parts.append(f"## {section.heading}\n\n{section.text}\n\n{table}\n")
    return "\n".join(parts)
