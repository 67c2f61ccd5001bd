"""A file of Dovecot's configuration, whichever dialect it is written in, as 2.4 reads it.

The dialect is read from the text (docs/decisions/0240-the-dialect-is-read-from-the-text.md).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from renderers.dovecot.dialects import modern
from renderers.dovecot.dialects.fates import Around
from renderers.dovecot.dialects.reading import VANISHING, Becomes, Reader, canonical
from renderers.dovecot.dialects.syntax import Kind, Line, Section, read
from renderers.service import BadLine


class Dialect(Enum):
    """What a text is written for."""

    OLD = "2.3"
    NEW = "2.4"
    BOTH = "2.3 and 2.4"


class Piece(NamedTuple):
    """Lines of the file from `number` on, and what stands there for 2.4; the same where nothing changes."""

    number: int
    old: tuple[str, ...]
    new: tuple[str, ...]


class Translation(NamedTuple):
    """What became of a text."""

    dialect: Dialect
    pieces: tuple[Piece, ...]
    problems: tuple[BadLine, ...]
    """What nothing can be rendered with."""
    notices: tuple[BadLine, ...]
    """What a person should know."""

    @property
    def text(self) -> str:
        """The text for 2.4, to be used where there are no problems."""
        return "\n".join(line for piece in self.pieces for line in piece.new)


class _Read(NamedTuple):
    line: Line
    becomes: Becomes

    @property
    def old(self) -> bool:
        """Whether the line is written for 2.3."""
        if not self.becomes.known or self.line.kind in (Kind.REMARK, Kind.WRONG):
            return False
        if self.becomes.lines is None or not modern.knows(self.line):
            return True
        # `}` has the dialect of its section
        return self.line.kind is not Kind.CLOSE and not _alike(self.becomes.lines, [canonical(self.line)])

    @property
    def new(self) -> bool:
        """Whether the line is written for 2.4."""
        if modern.speaks_new(self.line):
            return True
        return not self.becomes.known and modern.knows(self.line)

    @property
    def unknown(self) -> bool:
        """Whether neither knows what it names."""
        return not self.becomes.known and not modern.knows(self.line)


def translate(text: str, path: str) -> Translation:
    """The text of a file for 2.4. `path` ends with its name, from which blocks get names that need one."""
    around = Around(_stem(path))
    reader = Reader(around)
    lines = read(text)
    found = [_Read(line, reader.becomes(line)) for line in lines]
    old = next((one.line for one in found if one.old), None)
    new = next((one.line for one in found if one.new), None)
    problems = [*_broken(lines), *(_unknown(one.line) for one in found if one.unknown)]
    if old is not None and new is None:
        problems += _refused(found)
        pieces = [Piece(one.line.number, one.line.source, _written(one)) for one in found]
        notices = [BadLine(number, message, "") for number, message in around.notices]
        return Translation(Dialect.OLD, tuple(pieces), _ordered(problems), tuple(notices))
    if old is not None and new is not None:
        problems += _mixed(found, old, new)
    elif new is not None:
        problems += [wrong for line in lines if (wrong := modern.wrong(line))]
    dialect = Dialect.BOTH if new is None else Dialect.NEW
    kept = tuple(Piece(line.number, line.source, line.source) for line in lines)
    return Translation(dialect, kept, _ordered(problems), ())


def _stem(path: str) -> str:
    name = path.rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "own"


def _ordered(problems: list[BadLine]) -> tuple[BadLine, ...]:
    return tuple(sorted(set(problems)))


def _broken(lines: list[Line]) -> list[BadLine]:
    cure = "write one setting or one brace a line, as Dovecot reads them"
    wrong = [BadLine(line.number, line.wrong, cure) for line in lines if line.kind is Kind.WRONG]
    unended = [line for line in lines if line.opens is not None and not line.opens.closed]
    return wrong + [
        BadLine(line.number, f"the block {line.name} has no end", "add its }") for line in unended
    ]


def _unknown(line: Line) -> BadLine:
    where = f" in {line.within.kind}" if line.within else ""
    what = "block" if line.kind is Kind.OPEN else "setting"
    message = f"neither Dovecot 2.3 nor 2.4 has a {what} {line.name}{where}, as far as this server knows them"
    return BadLine(
        line.number, message, "look at its spelling; docs/reference/dovecot-2.3.md lists the settings of 2.3"
    )


def _refused(found: list[_Read]) -> list[BadLine]:
    return [
        BadLine(one.line.number, f"Dovecot 2.4 has no equivalent: {one.becomes.reason}", one.becomes.cure)
        for one in found
        if one.becomes.known and one.becomes.lines is None
    ]


def _mixed(found: list[_Read], old: Line, new: Line) -> list[BadLine]:
    """What is wrong with lines of 2.3 in a text that has lines of 2.4."""
    problems = [wrong for one in found if modern.knows(one.line) and (wrong := modern.wrong(one.line))]
    said = {problem.line for problem in problems}
    others = [one.line for one in found if one.old and one.line.number not in said]
    if others or not problems:
        line = others[0] if others else old
        message = f"line {line.number} is written for Dovecot 2.3 ({canonical(line)})"
        message += f", line {new.number} for 2.4 ({canonical(new)})"
        problems.append(BadLine(line.number, message, "write the whole file for one of them"))
    return problems


def _written(one: _Read) -> tuple[str, ...]:
    line, lines = one.line, one.becomes.lines
    outer = _vanished(line)
    indent = line.indent if outer is None else outer.opened.indent
    if lines is None or line.kind in (Kind.REMARK, Kind.WRONG) or _alike(lines, [canonical(line)]):
        return line.source if outer is None else tuple(indent + raw.lstrip() for raw in line.source)
    remarks = [raw.strip() for raw in line.source[1:] if raw.lstrip().startswith("#")]
    if len(lines) == 1 and line.comment:
        lines = [f"{lines[0]} {line.comment}"]
    elif line.comment:
        remarks.append(line.comment)
    return tuple(indent + row for row in (*remarks, *lines))


def _vanished(line: Line) -> Section | None:
    """The block around a line of which 2.4 has no frame."""
    return next((section for section in line.around if section.kind in VANISHING), None)


def _alike(some: list[str], others: list[str]) -> bool:
    return [row.split() for row in some] == [row.split() for row in others]
