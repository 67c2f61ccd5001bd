"""Merges an imported file into the one that `main` has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controlplane.errors import Problem
from controlplane.model import Account, Alias, Master
from controlplane.release import line_changes
from controlplane.statefiles import accounts, aliases, env_file, table_files
from controlplane.statefiles.parsed import Parsed, Place
from controlplane.statefiles.tables import Table

REPLACE = "take it out of the folder to keep the one on main, or take the folder's with --replace"


class Records(NamedTuple):
    """A file format with independent lines: how to read it, and how to write an entry."""

    parse: Callable[[str, str], Parsed[Any]]
    line: Callable[[str, Any], str]


def _account(_: str, row: Account) -> str:
    return "|".join(filter(None, (row.address, row.password_hash, row.attributes)))


def _alias(_: str, row: Alias) -> str:
    return f"{row.source} {','.join(row.targets)}"


def _of(table: Table[Any]) -> Records:
    def line(key: str, row: Any) -> str:
        value = (
            "|".join(filter(None, (row.password_hash, row.attributes))) if isinstance(row, Master) else row
        )
        return f"{key}{table.mark or ' '}{value}".rstrip()

    return Records(table.parse, line)


RECORDS: Mapping[str, Records] = {
    accounts.PATH: Records(accounts.parse, _account),
    aliases.PATH: Records(aliases.parse, _alias),
    **{table.path: _of(table) for table in table_files.TABLES.values()},
}


def merge(path: str, ours: str, theirs: str, opened: Callable[[str], str]) -> str | list[Problem]:
    """Our text plus the entries of theirs that it lacks; problems where entries of one name differ.

    `opened` makes sealed values comparable.
    """
    records = RECORDS[path]
    mine, brought = records.parse(ours, path), records.parse(theirs, path)
    if brought.problems or mine.problems:
        return list(brought.problems) or [different(path, ours, theirs)]
    both = [key for key in brought.rows if key in mine.rows]
    other = [
        key
        for key in both
        if opened(records.line(key, mine.rows[key])) != opened(records.line(key, brought.rows[key]))
    ]
    if other:
        shown = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
        return [Place(path, 0, "").problem(f"main says something else of {shown}", REPLACE)]
    new = [records.line(key, row) for key, row in brought.rows.items() if key not in mine.rows]
    if not new:
        return ours
    return "".join([ours, "" if not ours or ours.endswith("\n") else "\n", *(f"{line}\n" for line in new)])


def merge_settings(
    ours: str,
    written: Mapping[str, str],
    known: Mapping[str, str],
    first: Mapping[str, str],
    lines: Mapping[str, int],
) -> str | list[Problem]:
    """Our mailserver.env plus the settings in `written`; problems where it has a different explicit value.

    `known` are the values of ours, `first` those that a new `main` starts with, which nobody chose.
    """
    problems = []
    for name, value in written.items():
        if name not in known or known[name] == first.get(name):
            ours = env_file.set_value(ours, name, value)
        else:
            place = Place(env_file.PATH, lines[name], name)
            problems.append(place.problem(f"main has another {name}", REPLACE))
    return problems or ours


def different(path: str, ours: str | bytes, theirs: str | bytes) -> Problem:
    """The problem of a file that differs on both sides and cannot be merged."""
    old, new = (side.encode() if isinstance(side, str) else side for side in (ours, theirs))
    added, removed = line_changes(old, new)
    return Place(path, 0, "").problem(f"main has another one (+{added} −{removed} lines)", REPLACE)
