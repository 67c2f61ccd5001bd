"""The settings that each version knows, from two lists beside this module that name the packages asked.

2.3.19 is Debian 12's, 2.4.1 Debian 13's. A setting of 2.4 is known by its whole name everywhere; inside a
block the block's name may be left out before it (doc.dovecot.org, "Named Filters").
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from renderers.dovecot.dialects.syntax import Line, Section

VERSION = "2.4.1"
OLD, NEW = "known-2.3.19.txt", f"known-{VERSION}.txt"
FILTERS = frozenset(["protocol", "local", "local_name", "remote"])
"""Sections that say for whom settings hold; the same in both."""
FREE = frozenset(["list", "pairs"])
"""Kinds of settings whose block holds words of one's own: `mail_plugins { quota = yes }`."""
BLOCKS = frozenset(["block", "blocks"])
"""Kinds that are sections: without a name, and with one."""


def _rows(name: str) -> Iterator[list[str]]:
    for row in (Path(__file__).parent / name).read_text("ascii").splitlines():
        if not row.startswith("#"):
            yield row.split()


@cache
def old() -> frozenset[str]:
    """The settings of 2.3 outside of sections."""
    return frozenset(row[0] for row in _rows(OLD))


@cache
def new() -> dict[str, str]:
    """The settings of 2.4; each takes text, bool, number, size, time, choice, list, pairs or is block(s)."""
    return {row[0]: row[1] for row in _rows(NEW)}


def kind_of(line: Line) -> str:
    """What 2.4 takes for the setting or section of a line where it stands, "" if it does not know it."""
    return new().get(full_name(line), "")


def full_name(line: Line) -> str:
    """The whole name of a setting or section of 2.4, "" if there is none of that name in its place."""
    for prefix in (*_prefixes(line.within), ""):
        if prefix + line.name in new():
            return prefix + line.name
    return ""


def _prefixes(section: Section | None) -> Iterator[str]:
    while section is not None and section.kind in FILTERS:
        section = section.outer
    if section is not None and section.kind not in FILTERS:
        whole = full_name(section.opened) or section.kind
        label = section.label.replace("-", "_")
        yield f"{whole}_{label}_"
        yield f"{whole}_"
