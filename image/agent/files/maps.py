"""Compiles lookup tables with postmap(1): the whole source, or the rows that differ from the live one.

100,000 rows take postmap a third of a second, and a copy of the compiled map with one row more a tenth of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from agent.commands import Ran, run
from agent.files.copying import copy
from agent.files.regions import Regions, regions_of
from agent.files.staging import product
from agent.paths import ASIDE
from wire.manifest import Compile

DEADLINE = 60.0
LARGE = 1 << 18
"""Bytes of a source below which it is always compiled as a whole."""
MOST_LINES = 2_000
"""Lines between the first and the last that differ; more are compiled as a whole."""
REMEMBERED = 64

Mark = tuple[int, int, int]
"""Inode, size and time of change of a file: they stay when it is renamed, and go when it is written to."""


class Rows(NamedTuple):
    """What differs between two sources: rows to add, after these keys were removed."""

    come: tuple[bytes, ...]
    gone: tuple[bytes, ...]


class Maps:
    """Remembers which compiled map belongs to which source, as long as both are as they were made here."""

    def __init__(self) -> None:
        self._made: dict[Mark, Mark] = {}

    def compile(
        self, asides: Iterable[Path], config: Path, known: Mapping[Path, Regions] = MappingProxyType({})
    ) -> Ran:
        """Compile staged sources beside themselves; what postmap did to those that were read as a whole.

        `known` are those regions in which sources differ from the live ones that need not be looked for.
        """
        words = ["postmap", "-c", str(config)]
        whole: list[Path] = []
        for aside in asides:
            if self._update(aside, words, known.get(aside)):
                self._remember(aside)
            else:
                product(aside, Compile.POSTMAP).unlink(missing_ok=True)
                whole.append(aside)
        if not whole:
            return Ran(0, "")
        ran = run([*words, *(f"lmdb:{aside}" for aside in whole)], DEADLINE)
        if ran.code == 0 and not ran.output.strip():  # a warning may mean a key that is there twice
            for aside in whole:
                self._remember(aside)
        return ran

    def _remember(self, aside: Path) -> None:
        self._made[_mark(aside)] = _mark(product(aside, Compile.POSTMAP))
        for old in list(self._made)[:-REMEMBERED]:
            del self._made[old]

    def _update(self, aside: Path, words: list[str], regions: Regions | None) -> bool:
        """Whether a copy of the live map could be brought to the staged source, without a warning."""
        live = aside.with_name(aside.name.removeprefix(ASIDE))
        try:
            if aside.stat().st_size < LARGE or not self._is_made(live):
                return False
            rows = differing_rows(regions or regions_of(live.read_bytes(), aside.read_bytes()))
            if rows is None:
                return False
            made = product(aside, Compile.POSTMAP)
            made.unlink(missing_ok=True)
            copy(product(live, Compile.POSTMAP), made)
        except OSError:
            return False
        # -i warns of a key that is there already: then the source has it twice
        steps = ((rows.gone, ["-d", "-"]), (rows.come, ["-i"]))
        ran = [
            run([*words, *options, f"lmdb:{aside}"], DEADLINE, given=b"\n".join(lines) + b"\n")
            for lines, options in steps
            if lines
        ]
        return all(each.code == 0 and not each.output.strip() for each in ran)

    def _is_made(self, live: Path) -> bool:
        return self._made.get(_mark(live)) == _mark(product(live, Compile.POSTMAP))


def differing_rows(regions: Regions) -> Rows | None:
    """What differs between two sources with a row on each line; None where they must be read as a whole."""
    before: list[bytes] = []
    after: list[bytes] = []
    for region in regions:
        for text, lines in ((region.before, before), (region.after, after)):
            if len(lines) + text.count(b"\n") > MOST_LINES:
                return None
            lines += text.split(b"\n")
            if lines.pop():
                return None
        if not _is_row(region.follows or b"."):
            return None
    if not all(map(_is_row, (*before, *after))):
        return None
    kept = set(before) & set(after)
    return Rows(
        tuple(line for line in after if line not in kept),
        tuple(line.split(maxsplit=1)[0] for line in before if line not in kept),
    )


def _is_row(line: bytes) -> bool:
    """Whether a line is an entry by itself: no comment, and neither empty nor a continuation (postmap(1))."""
    return bool(line) and line[:1] not in b"# \t\r\v\f"


def _mark(path: Path) -> Mark:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
