"""Dovecot's configuration text, read without losing a byte: lines, sections, quotes, comments, continuations.

The grammar is that of both dialects, 2.3 and 2.4 (doc.dovecot.org, "Dovecot Config File Syntax").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

_WHITE = " \t"
_INCLUDES = ("!include", "!include_try")
_KEY = re.compile(r"[^\s=]+")
_SECTION = re.compile(r'(?:"((?:\\.|[^"\\])*)"[ \t]*|([^\s"]\S*)[ \t]+)?\{(.*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Kind(Enum):
    """What a line is."""

    REMARK = "a comment or an empty line"
    SETTING = "name = value"
    OPEN = "name {"
    CLOSE = "}"
    INCLUDE = "!include path"
    WRONG = "none of these"


@dataclass(slots=True, eq=False)
class Section:
    """A block of settings. `label` is the name behind its kind, "" where there is none."""

    kind: str
    label: str
    opened: Line
    lines: list[Line] = field(default_factory=list)
    """The lines directly in it, without those of inner sections."""
    closed: bool = False

    @property
    def outer(self) -> Section | None:
        """The section around it."""
        return self.opened.within

    def get(self, name: str) -> Line | None:
        """The line that sets `name` in it; the last one, as it counts."""
        found = [line for line in self.lines if line.kind is Kind.SETTING and line.name == name]
        return found[-1] if found else None


@dataclass(slots=True, eq=False)
class Line:
    """One line as Dovecot reads it: several lines of the file where `\\` continues them.

    `name` is a setting's name, or a section's kind, or `!include`; `value` is without quotes and escapes.
    """

    number: int
    source: tuple[str, ...]
    within: Section | None
    kind: Kind
    name: str = ""
    value: str = ""
    quoted: bool = False
    comment: str = ""
    """From the `#` on."""
    opens: Section | None = None
    wrong: str = ""

    @property
    def indent(self) -> str:
        """The white space before it."""
        text = self.source[0]
        return text[: len(text) - len(text.lstrip(_WHITE))]

    @property
    def around(self) -> Iterator[Section]:
        """The sections that it lies in, innermost first."""
        section = self.within
        while section is not None:
            yield section
            section = section.outer


def read(text: str) -> list[Line]:
    """The lines of a text, in order; joined, their sources are the text again."""
    lines: list[Line] = []
    section: Section | None = None
    source: list[str] = []
    said = ""
    number = 1
    for at, raw in enumerate(text.split("\n"), 1):
        source.append(raw)
        code, comment = _without_comment(raw.rstrip("\r"))
        if source[1:] and not code:
            continue  # comments between continued lines are none of them
        if code.endswith("\\"):
            said += code[:-1].rstrip(_WHITE) + " "
            continue
        line = _line(number, tuple(source), section, said + code, comment)
        lines.append(line)
        section = _entered(line, section)
        source, said, number = [], "", at + 1
    if source:  # the last line is continued by nothing, and Dovecot ignores it
        lines.append(Line(number, tuple(source), section, Kind.WRONG, wrong="nothing follows the last \\"))
    return lines


def text_of(lines: list[Line]) -> str:
    """The text that was read."""
    return "\n".join(raw for line in lines for raw in line.source)


def written(value: str, literal: bool = False) -> str:
    """A value as it stands in a file, in quotes only where it would not be read back without.

    What begins with `<` is the content of a file, unless it is meant literally.
    """
    plain = value.strip(_WHITE) == value and "#" not in value and not value.endswith("\\")
    if value and plain and value[0] not in ("\"'<" if literal else "\"'") and not _unbalanced(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if value else ""


def _unbalanced(value: str) -> bool:
    return value.count('"') % 2 == 1 or value.count("'") % 2 == 1


def _without_comment(raw: str) -> tuple[str, str]:
    """What is before and from the `#` that is in no quotes."""
    text = raw.strip(_WHITE)
    quote, skip = "", False
    for at, letter in enumerate(text):
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "#":
            return text[:at].rstrip(_WHITE), text[at:]
    return text, ""


def _line(number: int, source: tuple[str, ...], within: Section | None, code: str, comment: str) -> Line:
    if not code:
        return Line(number, source, within, Kind.REMARK, comment=comment)
    for include in _INCLUDES:
        if code.startswith((include + " ", include + "\t")):
            path = code[len(include) :].strip(_WHITE)
            return Line(number, source, within, Kind.INCLUDE, include, path, comment=comment)
    key = _KEY.match(code)
    name = key[0] if key else ""
    rest = code[len(name) :].lstrip(_WHITE)
    line = Line(number, source, within, Kind.WRONG, name, comment=comment)
    if rest.startswith("=") and name:
        line.kind = Kind.SETTING
        line.value, line.quoted = _unquoted(rest[1:].strip(_WHITE))
    elif code == "}":
        line.kind = Kind.CLOSE if within else Kind.WRONG
        line.wrong = "" if within else "there is no section to end here"
    elif (section := _SECTION.fullmatch(rest)) and not section[3]:
        line.kind = Kind.OPEN
        line.value = _ESCAPED.sub(r"\1", section[1]) if section[1] is not None else section[2] or ""
        line.opens = Section(name, line.value, line)
    else:
        line.wrong = "text after '{'" if section else "neither `name = value` nor `name {`"
    return line


def _unquoted(value: str) -> tuple[str, bool]:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return _ESCAPED.sub(r"\1", value[1:-1]), True
    return value, False


def _entered(line: Line, section: Section | None) -> Section | None:
    """The section that the next line lies in."""
    if line.within is not None:
        line.within.lines.append(line)
    if line.kind is Kind.CLOSE and section is not None:
        section.closed = True
        return section.outer
    return line.opens or section
