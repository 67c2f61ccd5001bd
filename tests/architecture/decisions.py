"""The decision records in docs/decisions, read as their form says (docs/decisions/README.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.architecture.sources import ROOT

FOLDER = ROOT / "docs/decisions"
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"- Date: (?P<date>\d{4}-\d{2}-\d{2})\n"
    r"- Status: (?P<status>.+(?:\n  .+)*)\n\n"
)
SUCCESSOR = re.compile(r"\[(\d+)\]\((\d{4}-[a-z0-9-]+\.md)\)(?:: [^;]+)?")
STATUS = re.compile(
    rf"accepted|superseded by {SUCCESSOR.pattern}|superseded in part by {SUCCESSOR.pattern}"
    rf"(?:; {SUCCESSOR.pattern})*"
)


@dataclass(frozen=True)
class Decision:
    """One record. `successors` are the numbers and files of those that supersede it, whole or in part."""

    path: Path
    number: int
    title: str
    date: str
    status: str
    successors: tuple[tuple[int, str], ...]

    @property
    def line(self) -> str:
        """The record's line in the index: `| 8 | [Title](file) | 2026-11-23 | superseded in part by 96 |`."""
        word = self.status.partition(" by ")[0]
        by = " and ".join(str(number) for number, _ in self.successors)
        status = f"{word} by {by}" if by else word
        return f"| {self.number} | [{self.title}]({self.path.name}) | {self.date} | {status} |"


@cache
def decisions() -> tuple[Decision, ...]:
    """All records, by number. Raises ValueError with the path of one that is not in the form."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("[0-9]*.md")))


def _read(path: Path) -> Decision:
    head = HEAD.match(path.read_text(encoding="utf-8"))
    status = " ".join(head["status"].split()) if head else ""
    if not head or not STATUS.fullmatch(status):
        raise ValueError(f"{path.relative_to(ROOT)} does not begin as docs/decisions/README.md says")
    successors = tuple((int(number), name) for number, name in SUCCESSOR.findall(status))
    return Decision(path, int(head["number"]), head["title"], head["date"], status, successors)
