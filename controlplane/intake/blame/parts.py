"""Parts of a desired state by file or entry of `main`, as in `mailserver.env:NAME`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controlplane.intake.diff import diff
from controlplane.intake.proposal import render
from controlplane.model import Desired, State
from controlplane.statefiles import accounts, aliases, regexps
from controlplane.statefiles.event_kinds import name_behind, split_name
from controlplane.statefiles.table_files import TABLES
from controlplane.statefiles.treefile import CONFIG, SETTINGS
from renderers.service import CertificateFile, RenderedFile

Row = Mapping[str, Any]
"""What is held, as the node reports it: `files`, `services` and `facts` by name (agent/release/held.py)."""
_FIELDS = {
    SETTINGS: "settings",
    accounts.PATH: "accounts",
    aliases.PATH: "aliases",
    regexps.PATH: "regexps",
    **{table.path: name for name, table in TABLES.items()},
}
"""The field of `Desired` for each file of `main` with entries; all other files are overrides."""
MOST = 30
"""The most parts to test one by one; if there are more, all of them are named."""


def with_part(desired: Desired, name: str, other: Desired) -> Desired:
    """A copy of `desired` in which one file, or one entry of it, is as in `other`."""
    path, entry = split_name(name)
    field = _FIELDS.get(path, "overrides")
    mine, theirs = getattr(desired, field), getattr(other, field)
    if field == "overrides":
        entry = path.removeprefix(CONFIG)
    if not entry:
        part: dict[str, Any] = {field: theirs}
    elif entry in theirs:
        part = {field: {**mine, entry: theirs[entry]}}
    else:
        part = {field: {key: value for key, value in mine.items() if key != entry}}
    return replace(desired, **part)


def parts_behind(before: State, after: State, held: Row) -> tuple[str, ...]:
    """The parts of `main` that changed the held content from `before` to `after`, in the order of the events.

    That is whatever makes it other again when it alone is put back. A setting is looked at alone, a table as
    a whole.
    """
    groups: dict[str, list[str]] = {}
    for event in diff(before.desired, after.desired):
        name = name_behind(event.kind, event.subject)
        path = split_name(name)[0]
        groups.setdefault(name if path == SETTINGS else path, []).append(name)
    if len(groups) <= MOST:
        now = _rendered(after, held)
        for part in list(groups):
            undone = replace(after, desired=with_part(after.desired, part, before.desired))
            if _rendered(undone, held) == now:
                del groups[part]
    return tuple(dict.fromkeys(name for names in groups.values() for name in names))


def _rendered(state: State, held: Row) -> tuple[Any, ...] | None:
    """The held content as this state renders it; None if the state cannot be rendered."""
    trees = render(state)[0]
    if trees is None:
        return None
    tree = trees[state.node]
    said = json.loads(tree.manifest)
    return (
        [_bare(tree.files.get(path)) for path in held["files"]],
        [said["services"].get(name) for name in held.get("services") or ()],
        [said.get(name) for name in held.get("facts") or ()],
    )


def _bare(file: RenderedFile | CertificateFile | None) -> object:
    """The file without its origins, which shift with every line above them."""
    return replace(file, origins=()) if isinstance(file, RenderedFile) else file
