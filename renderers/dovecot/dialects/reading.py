"""One line of 2.3 in 2.4's form, if it is one of 2.3's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from renderers.dovecot.dialects import names, table
from renderers.dovecot.dialects.fates import Around, Dropped, Place, Refused, Renamed, Rewritten, Same
from renderers.dovecot.dialects.syntax import Kind, Line, Section, written
from renderers.dovecot.dialects.values import set_to
from renderers.dovecot.dialects.variables import Untranslatable

VANISHING = frozenset(["plugin", "dict"])
"""Blocks of 2.3 of which 2.4 has no frame: their settings stand outside, or are refused."""
_NEED_NAMES = frozenset(["passdb", "userdb", "namespace", "inet_listener"])


class Becomes(NamedTuple):
    """What a line becomes: `lines` without indentation; None where nothing of 2.4 says the same."""

    lines: list[str] | None
    reason: str = ""
    cure: str = ""
    known: bool = True
    """Whether 2.3 knows what the line names."""


_UNKNOWN = Becomes(None, known=False)


@dataclass(slots=True)
class Reader:
    """Reads the lines of one file in their order."""

    around: Around
    named: dict[str, int] = field(default_factory=dict)
    """How many blocks of each kind were given a name."""

    def becomes(self, line: Line) -> Becomes:
        """What a line becomes, read as 2.3 reads it."""
        if line.kind is Kind.SETTING:
            return self._setting(line)
        if line.kind is Kind.OPEN and line.opens is not None:
            return self._block(line, line.opens)
        if line.kind is Kind.INCLUDE:
            self.around.notices.append(
                (line.number, f"what {line.value} holds is read as it is, by Dovecot 2.4")
            )
        if line.kind is Kind.CLOSE and line.within is not None and line.within.kind in VANISHING:
            return Becomes([])
        return Becomes([canonical(line)])

    def _setting(self, line: Line) -> Becomes:
        place = table.place_of(line.within)
        fate = table.fate(place, line.name) if place else None
        if fate is None:
            return _UNKNOWN
        if isinstance(fate, Refused):
            return Becomes(None, f"{line.name}: {fate.why}", fate.cure)
        if isinstance(fate, Dropped):
            self.around.notices.append((line.number, f"{line.name} is left out: {fate.why}"))
            return Becomes([])
        try:
            return Becomes(self._lines(line, fate))
        except Untranslatable as refused:
            return Becomes(None, refused.reason, refused.cure)

    def _lines(self, line: Line, fate: Same | Renamed | Rewritten) -> list[str]:
        if isinstance(fate, Rewritten):
            return list(fate.write(line, self.around))
        return set_to(line, fate.to if isinstance(fate, Renamed) else line.name, table.successor)

    def _block(self, line: Line, section: Section) -> Becomes:
        place = table.place_of(section)
        if section.kind in names.FILTERS:
            return Becomes([canonical(line)])
        if place is None:
            return _UNKNOWN
        if place is Place.SERVICE and section.label in table.GONE_SERVICES:
            return Becomes(None, f"2.4 has no service {section.label}", "leave the block out")
        if section.kind in VANISHING:
            return Becomes([])
        if section.kind in _NEED_NAMES and not section.label:
            self.named[section.kind] = number = self.named.get(section.kind, 0) + 1
            return Becomes([f"{section.kind} {self.around.stem}-{number} {{"])
        return Becomes([canonical(line)])


def canonical(line: Line) -> str:
    """A line as it would be written anew, without its comment."""
    if line.kind is Kind.SETTING:
        return f"{line.name} = {written(line.value, literal=line.quoted)}".rstrip()
    return line.source[0].strip().removesuffix(line.comment).strip() if line.kind is not Kind.REMARK else ""
