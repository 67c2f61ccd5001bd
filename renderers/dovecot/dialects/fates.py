"""What becomes of a setting of 2.3: the kinds of rows of the table, and how each writes its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from renderers.dovecot.dialects.syntax import Line


class Place(Enum):
    """Where a setting of 2.3 stands; `TOP` is also inside of protocol, local, remote and local_name."""

    TOP = "outside of blocks"
    PLUGIN = "plugin"
    SERVICE = "service"
    LISTENER = "inet_listener"
    SOCKET = "unix_listener, fifo_listener"
    NAMESPACE = "namespace"
    MAILBOX = "mailbox"
    PASSDB = "passdb"
    USERDB = "userdb"
    DICT = "dict"
    METRIC = "metric"
    EXPORTER = "event_exporter"


@dataclass(slots=True)
class Around:
    """What the rewriting of a line may need besides it."""

    stem: str
    """Of the file's name; blocks that need a name get theirs from it."""
    debug: list[str] = field(default_factory=list)
    """What log_debug is to show, by the settings so far: each of 2.3 added to the others."""
    notices: list[tuple[int, str]] = field(default_factory=list)
    """What a person should know: line, text."""


Rewrite = Callable[[Line, Around], Iterable[str]]
"""The lines of 2.4 for a line, without its indentation; raises Untranslatable."""


class Same(NamedTuple):
    """The name is 2.4's too; variables and lists in the value get their new form."""

    @property
    def says(self) -> str:
        """For the page."""
        return "the same"


class Renamed(NamedTuple):
    """Another name; the value as with `Same`."""

    to: str

    @property
    def says(self) -> str:
        """For the page."""
        return f"`{self.to}`"


class Rewritten(NamedTuple):
    """Other lines, which `write` makes."""

    becomes: str
    """Their form, for the page."""
    write: Rewrite

    @property
    def says(self) -> str:
        """For the page."""
        return self.becomes


class Dropped(NamedTuple):
    """2.4 needs no such line."""

    why: str

    @property
    def says(self) -> str:
        """For the page."""
        return f"left out: {self.why}"


class Refused(NamedTuple):
    """2.4 has no equivalent, or which one is meant is for a person to say."""

    why: str
    cure: str

    @property
    def says(self) -> str:
        """For the page."""
        return f"refused: {self.why}; {self.cure}"


Fate = Same | Renamed | Rewritten | Dropped | Refused


class Row(NamedTuple):
    """One setting of 2.3 in one place. A `#` at the end of its name stands for a number, or none."""

    place: Place
    name: str
    fate: Fate
    sample: str = ""
    """A value, for the tests and the page; "" for one that its kind makes."""


def rows(place: Place, fate: Fate, names: str, sample: str = "") -> tuple[Row, ...]:
    """A row for each of several names, with one fate."""
    return tuple(Row(place, name, fate, sample) for name in names.split())


def same(place: Place, names: str) -> tuple[Row, ...]:
    """Rows of names that stay."""
    return rows(place, Same(), names)


def block(head: str, *inner: str) -> list[str]:
    """The lines of a block."""
    return [f"{head} {{", *(f"  {line}" for line in inner), "}"]
