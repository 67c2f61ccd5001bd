"""Files with one value per name: `name value` entries, read and edited in place.

Names are compared without case. The order of the entries has no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from controlplane.errors import Problem, Refused
from controlplane.statefiles.continuation_lines import LogicalLine, logical_lines
from controlplane.statefiles.lines import Lines
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place, printable

Row = TypeVar("Row")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Malformed(Exception):
    """A malformed entry: what is wrong, the cure, and the characters at fault (no secret)."""

    def __init__(self, message: str, cure: str, culprit: str = "") -> None:
        super().__init__(message)
        self.message, self.cure, self.culprit = message, cure, culprit


def _as_written(line: str) -> str:
    return line


@dataclass(frozen=True)
class Table(Generic[Row]):
    """The format of one file. `mark` ends a name: a character, or empty for white space (postmap(1)).

    `read` takes the text of an entry apart, into its name (as compared) and its meaning, or raises
    Malformed. With `mark` empty an entry may go on on lines that start with white space.
    """

    path: str
    noun: str
    listed_by: str
    """The command that shows what is there, for the cures of refusals."""
    mark: str
    read: Callable[[str], tuple[str, Row]]
    masked: Callable[[str], str] = _as_written
    """What may be shown of a line."""

    def parse(self, text: str, path: str = "") -> Parsed[Row]:
        """Every entry of the text by its name, and every problem."""
        rows: dict[str, Row] = {}
        problems: list[Problem] = []
        for entry in self._entries(text):
            if len(problems) >= MAX_PROBLEMS:
                break
            try:
                key, row = self._read(entry)
            except Malformed as fault:
                place = self._place(entry, path or self.path, fault.culprit)
                problems.append(place.problem(fault.message, fault.cure, fault.culprit))
                continue
            if key in rows:
                first = self.line_of(text, key)
                message = f"{self.noun} {key} is there already, on line {first}"
                problems.append(self._place(entry, path or self.path).problem(message, "keep one of the two"))
            else:
                rows[key] = row
        return Parsed(rows, tuple(problems))

    def put(self, text: str, name: str, value: str) -> str:
        """The text with this value for `name`, on its line or on a new one at the end.

        Refused where that would be malformed.
        """
        found = self._find(text, name)
        if found is None:
            line = self.line(name, value)
            self._must_be_sound(line, name)
            return Lines(text).append(line)
        first = found.parts[0].rstrip()
        shape = re.match(rf"\s*[^\s{re.escape(self.mark)}]+(\s*{re.escape(self.mark)}\s*)?", first)
        assert shape is not None  # noqa: S101  # it was found by its name
        line = f"{shape[0] if shape[1] else shape[0] + (self.mark or ' ')}{value}".rstrip()
        self._must_be_sound(line.strip(), name)
        return self._only_first_line(text, found).replace(found.numbers[0], line)

    def remove(self, text: str, name: str) -> str:
        """The text without the entry; raises Refused if there is none."""
        found = self._find(text, name)
        if found is None:
            raise Refused.because(f"there is no {self.noun} {name}", f"see `{self.listed_by}`", self.path)
        return self._only_first_line(text, found).delete(found.numbers[0])

    def entries(self, text: str) -> Iterator[tuple[str, list[int]]]:
        """The name of each entry, and the numbers of its lines (from 0)."""
        for entry in self._entries(text):
            yield self._name(entry.parts[0].strip().lower()), entry.numbers

    def line(self, name: str, value: str) -> str:
        """An entry as a new line."""
        return f"{name}{self.mark or ' '}{value}".rstrip()

    def has(self, text: str, name: str) -> bool:
        """Whether there is an entry with this name."""
        return self._find(text, name) is not None

    def line_of(self, text: str, name: str) -> int:
        """The line (from 1) on which the entry starts; 0 if there is none."""
        found = self._find(text, name)
        return found.numbers[0] + 1 if found else 0

    def _read(self, entry: LogicalLine) -> tuple[str, Row]:
        if not self.mark and entry.is_orphan:
            message = "the line starts with white space but goes on with no entry"
            raise Malformed(message, "start the entry at the start of the line")
        if found := _CONTROL.search(entry.text):
            message = f"the line has a control character (0x{ord(found[0]):02x})"
            raise Malformed(message, "write the line anew", entry.text.partition(found[0])[0].strip())
        return self.read(entry.text)

    def _entries(self, text: str) -> Iterator[LogicalLine]:
        return _lines(text) if self.mark else logical_lines(text)

    def _find(self, text: str, name: str) -> LogicalLine | None:
        wanted = name.lower()
        for entry in self._entries(text):
            first = entry.parts[0].strip().lower()
            if first.startswith(wanted) and self._name(first) == wanted:
                return entry
        return None

    def _name(self, line: str) -> str:
        return line.partition(self.mark)[0].strip() if self.mark else line.split(maxsplit=1)[0]

    def _only_first_line(self, text: str, entry: LogicalLine) -> Lines:
        for number in reversed(entry.numbers[1:]):
            text = Lines(text).delete(number)
        return Lines(text)

    def _place(self, entry: LogicalLine, path: str, culprit: str = "") -> Place:
        number, line = entry.locate(culprit) if culprit else (entry.numbers[0] + 1, entry.parts[0].strip())
        return Place(path, number, line, self.masked(line))

    def _must_be_sound(self, line: str, name: str) -> None:
        """Raise Refused for a line that is malformed, or whose name is not the intended one."""
        try:
            key, _ = self.read(line)
        except Malformed as fault:
            place = Place("", 0, line, self.masked(line))
            raise Refused([place.problem(fault.message, fault.cure).without_place()]) from None
        if key != name.lower() or line.startswith("#"):
            message = f"{printable(name)} cannot be a name here: the line would be about {key}"
            raise Refused.because(message, "use a name without blanks and marks")


def _lines(text: str) -> Iterator[LogicalLine]:
    """Every line as an entry, except empty ones and those that start with a #."""
    for number, line in enumerate(text.split("\n")):
        visible = line.strip()
        if visible and visible[0] != "#":
            yield LogicalLine([number], [visible])
