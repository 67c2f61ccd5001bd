"""What an import reports about each file and each setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controlplane.errors import Problem
from controlplane.git import Change
from controlplane.protocol.changes import Done, ImportItem, Support


@dataclass(frozen=True, slots=True)
class Item:
    """A file or a setting: what becomes of it, and whether any service reads it.

    `name` is the path on `main` (of what is left out: the path that it would have), or a setting's name;
    `line` is where the setting stands in the file that was given.
    """

    name: str
    done: Done
    support: Support = ""
    note: str = ""
    sealed: bool = False
    line: int = 0

    def as_dict(self) -> ImportItem:
        """The item as plain values, for JSON."""
        return {
            "name": self.name,
            "done": self.done,
            "support": self.support,
            "note": self.note,
            "sealed": self.sealed,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an import would write to `main`, its report, and the problems that refuse it."""

    changes: Mapping[str, Change]
    files: tuple[Item, ...]
    settings: tuple[Item, ...]
    problems: tuple[Problem, ...]
