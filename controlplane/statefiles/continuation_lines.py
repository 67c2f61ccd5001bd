"""Logical lines of Postfix's tables (virtual(5), regexp_table(5)).

A line that starts with white space goes on with the one before it; empty lines, and those whose first
visible character is a #, are skipped, even in the middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class LogicalLine:
    """One entry of a table, as the lines (numbered from 0) that it is written on."""

    numbers: list[int] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The entry on one line."""
        return (
            self.parts[0].strip() if len(self.parts) == 1 else " ".join(part.strip() for part in self.parts)
        )

    @property
    def is_orphan(self) -> bool:
        """Whether it goes on with a line that is not there."""
        return self.parts[0][0].isspace()

    def locate(self, culprit: str) -> tuple[int, str]:
        """The line (from 1) that holds the culprit, and that line; the first one when none does."""
        for number, part in zip(self.numbers, self.parts, strict=True):
            if culprit in part:
                return number + 1, part.strip()
        return self.numbers[0] + 1, self.parts[0].strip()


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Every entry of the text, in order."""
    entry: LogicalLine | None = None
    for number, line in enumerate(text.split("\n")):
        visible = line.strip()
        if not visible or visible[0] == "#":
            continue
        if entry is not None and line[0].isspace():
            entry.numbers.append(number)
            entry.parts.append(line)
            continue
        if entry is not None:
            yield entry
        entry = LogicalLine([number], [line])
    if entry is not None:
        yield entry
