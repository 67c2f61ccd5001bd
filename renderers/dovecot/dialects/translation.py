"""A file of Dovecot's configuration, whichever dialect it is written in, as 2.4 reads it.

The dialect is read from the text (docs/decisions/0240-the-dialect-is-read-from-the-text.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from renderers.dovecot.dialects import modern
from renderers.dovecot.dialects.fates import Around
from renderers.dovecot.dialects.names import VERSION
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
    def only_old(self) -> bool:
        """Whether 2.3 alone knows what the line names."""
        return self.becomes.known and not modern.knows(self.line)

    @property
    def changes(self) -> bool:
        """Whether the line, read as one of 2.3, says something else in 2.4 or cannot be said there."""
        if not self.becomes.known or self.line.kind in (Kind.REMARK, Kind.WRONG, Kind.CLOSE):
            return False
        return self.becomes.lines is None or not _alike(self.becomes.lines, [canonical(self.line)])

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
    new = next((one.line for one in found if one.new), None)
    problems = [*_broken(lines), *(_unknown(one.line) for one in found if one.unknown)]
    if new is None and any(one.only_old or one.changes for one in found):
        problems += _refused(found)
        pieces = [Piece(one.line.number, one.line.source, _written(one)) for one in found]
        notices = [BadLine(number, message, "") for number, message in around.notices]
        return Translation(Dialect.OLD, tuple(pieces), _ordered(problems), tuple(notices))
    if new is not None:
        problems += [wrong for one in found if (wrong := modern.wrong(one.line)) and not one.only_old]
        problems += _mixed([one.line for one in found if one.only_old], new)
    kept = tuple(Piece(line.number, line.source, line.source) for line in lines)
    return Translation(Dialect.BOTH if new is None else Dialect.NEW, kept, _ordered(problems), ())


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


def _refused(found: list[_Read]) -> Iterator[BadLine]:
    for one in found:
        if one.becomes.known and one.becomes.lines is None:
            cure = one.becomes.cure
            if modern.knows(one.line):
                cure += f"; what begins with `dovecot_config_version = {VERSION}` is read as 2.4's"
            yield BadLine(one.line.number, f"Dovecot 2.4 has no equivalent: {one.becomes.reason}", cure)


def _mixed(old: list[Line], new: Line) -> Iterator[BadLine]:
    """The first line of 2.3 in a text that has lines of 2.4."""
    for line in old[:1]:
        message = f"line {line.number} is written for Dovecot 2.3 ({canonical(line)})"
        message += f", line {new.number} for 2.4 ({canonical(new)})"
        yield BadLine(line.number, message, "write the whole file for one of them")


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
