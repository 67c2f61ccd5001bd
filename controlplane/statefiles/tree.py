"""Reads all of `main` into one desired state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from controlplane.errors import Problem
from controlplane.model import Desired
from controlplane.sealing import is_sealed
from controlplane.statefiles import accounts, aliases, env_file, overrides, regexps, table_files
from controlplane.statefiles.incremental import reparse
from controlplane.statefiles.parsed import MAX_PROBLEMS, Parsed, Place
from controlplane.statefiles.treefile import (
    CONFIG,
    EXECUTABLE,
    REGULAR,
    SETTINGS,
    SUBMODULE,
    SYMLINK,
    TreeFile,
)

__all__ = [
    "CONFIG",
    "EXECUTABLE",
    "PARSED",
    "REGULAR",
    "SETTINGS",
    "SUBMODULE",
    "SYMLINK",
    "ParseCache",
    "TreeFile",
    "read_tree",
]

Row = TypeVar("Row")
Parse = Callable[[str, str], Parsed[Row]]

PARSED = frozenset({SETTINGS, accounts.PATH, aliases.PATH, regexps.PATH, *table_files.PATHS})
"""The files with a format of their own; every other one below config/ is kept verbatim."""

_BY_ENTRY = PARSED - {SETTINGS}
"""Those whose entries stand for themselves, so that a change alone can be read."""


class _Known(NamedTuple):
    content: bytes
    """The same object that the reader of trees keeps: a text of it would be there twice."""
    parsed: Parsed[Any]


class ParseCache:
    """Remembers the last parse of each file, so that a small change costs little.

    One for the life of a process; it holds one version of each file that has a format.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._read_whole: set[str] = set()

    def share(self, desired: Desired, written: Desired) -> Desired:
        """Keep the rows of a state instead of equal ones that were read, so that memory holds them once.

        Only files that were read as a whole since the last time are gone through. Returns `written`, which
        was read from files that say what `desired` does, with these rows.
        """
        for field, path in (("accounts", accounts.PATH), ("aliases", aliases.PATH)):
            if path in self._read_whole:
                parsed, kept = self._known[path].parsed, getattr(desired, field)
                rows = {key: kept[key] if kept.get(key) == row else row for key, row in parsed.rows.items()}
                self._known[path] = self._known[path]._replace(parsed=replace(parsed, rows=rows))
                if getattr(written, field) is parsed.rows:
                    written = replace(written, **{field: rows})
        self._read_whole.clear()
        return written

    def parse(self, path: str, content: bytes, parse: Parse[Row]) -> Parsed[Row]:
        """The same as `parse(content.decode(), path)`; raises UnicodeDecodeError."""
        known = self._known.get(path)
        if known is not None and known.content == content:
            return known.parsed
        if known is not None and path in _BY_ENTRY:
            parsed: Parsed[Any] = reparse(parse, content, path, known.content, known.parsed)
        else:
            parsed = parse(content.decode(), path)
            self._read_whole.add(path)
        self._known[path] = _Known(content, parsed)
        return parsed


def read_tree(
    files: Mapping[str, TreeFile], cache: ParseCache | None = None
) -> tuple[Desired, tuple[Problem, ...]]:
    """The desired state of `main` (files by path from its root), and at most `MAX_PROBLEMS` problems.

    The state is to be used only when there is no problem: rows that have one are left out of it. Files
    outside config/, other than mailserver.env, have no meaning for the server and are left alone.
    """
    sealed = {path for path in table_files.PATHS if path in files and is_sealed(files[path].content)}
    reading = _Reading(files, cache or ParseCache())
    tables = {
        field: {} if table.path in sealed else reading.rows(table.path, table.parse)
        for field, table in table_files.TABLES.items()
    }
    desired = Desired(
        settings=reading.rows(SETTINGS, env_file.parse),
        accounts=reading.rows(accounts.PATH, accounts.parse),
        aliases=reading.rows(aliases.PATH, aliases.parse),
        regexps=reading.rows(regexps.PATH, regexps.parse),
        overrides=overrides.read(files, besides=PARSED - sealed),
        **tables,
    )
    return desired, tuple(reading.problems[:MAX_PROBLEMS])


class _Reading:
    """Parses the files one after the other and collects their problems."""

    def __init__(self, files: Mapping[str, TreeFile], cache: ParseCache) -> None:
        self._files = files
        self._cache = cache
        self.problems: list[Problem] = []

    def rows(self, path: str, parse: Parse[Row]) -> Mapping[str, Row]:
        file = self._files.get(path)
        if file is None:
            return {}
        try:
            parsed = self._cache.parse(path, file.content, parse)
        except UnicodeDecodeError as error:
            self.problems.append(_not_text(path, file.content, error.start))
            return {}
        self.problems += parsed.problems
        return parsed.rows


def _not_text(path: str, content: bytes, at: int) -> Problem:
    line = content.count(b"\n", 0, at) + 1
    text = content[content.rfind(b"\n", 0, at) + 1 : at].decode(errors="replace")
    shown = text.partition("|")[0]
    message = f"byte 0x{content[at]:02x} is not UTF-8"
    return Place(path, line, text, f"{shown}…").problem(message, "save the file as UTF-8")
