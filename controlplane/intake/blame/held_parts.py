"""Tells in terms of `main` which content of the newest release does not serve because it failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.intake.blame.failed_release import blameless, change_of, held_names, origin_of
from controlplane.intake.plan import FileChange
from controlplane.intake.stores import Stores
from controlplane.protocol.status import HeldRow
from controlplane.release import Release

Row = Mapping[str, Any]
"""A row of the node's quarantine, as the agent reports it (agent/apply/quarantine.py)."""


@dataclass(frozen=True)
class HeldPart:
    """Held content: what is to blame, why, and which files wait with it.

    `origin` is the line of `main` ("" where none is known), `change` the change set in words, `position` and
    `main` its position and commit. `files` are those of `main`, where a file has entries as
    `mailserver.env:NAME`; `beside` are those of them that are not to blame. `rendered` are the container's.
    """

    origin: str
    change: str
    position: int
    main: str
    reason: str
    service: str
    files: tuple[str, ...]
    beside: tuple[str, ...]
    rendered: tuple[str, ...]

    @property
    def what(self) -> str:
        """The part in words, as in `config/user-patches.sh of change set 12 by Ada`."""
        name = self.origin or next(iter(self.files), "") or f"/{next(iter(self.rendered), self.service)}"
        return f"{name} of {self.change}" if self.change else name

    def as_dict(self) -> HeldRow:
        """Plain values, for JSON."""
        return {
            "origin": self.origin,
            "change": self.change,
            "position": self.position,
            "main": self.main,
            "reason": self.reason,
            "service": self.service,
            "files": list(self.files),
            "beside": list(self.beside),
            "rendered": list(self.rendered),
            "what": self.what,
        }


class Holding:
    """Remembers the parts that a node holds; they are worked out once a report."""

    def __init__(self, node: str) -> None:
        self._node = node
        self.parts: tuple[HeldPart, ...] = ()
        self._rows: list[str] = []

    def take(self, stores: Stores, rows: Iterable[Row], newest: Release | None) -> None:
        """Take over what the node reports as held of the newest release."""
        given = list(rows)
        names = [str(row.get("digest")) for row in given]
        if names != self._rows:
            self.parts = tuple(_part(stores, row, newest, self._node) for row in given)
            self._rows = names

    @property
    def files(self) -> tuple[str, ...]:
        """The files of `main`, and entries of files, whose current content does not serve."""
        return tuple(sorted({path for part in self.parts for path in part.files}))

    def notes(self, changes: Sequence[FileChange], position: int, tried: bool = False) -> list[str]:
        """Notes for a change set: what is held, and whether the change set waits for it.

        `changes` are the rendered files that it changes, `tried` says that the node has tried it by now.
        """
        touched = {change.path for change in changes}
        return [_note(part, touched & set(part.rendered), position, tried) for part in self.parts]

    def waits(self, changes: Sequence[FileChange]) -> bool:
        """Whether a tried change set touches files that are held."""
        touched = {change.path for change in changes}
        return any(touched & set(part.rendered) for part in self.parts)


def _note(part: HeldPart, shared: set[str], position: int, tried: bool) -> str:
    if not shared:
        return f"⚠ {part.what} stays held: {part.reason}"
    if part.position == position:
        return f"⚠ waits: {part.what} does not serve: {part.reason}"
    files = ", ".join(f"/{path}" for path in sorted(shared))
    if tried:
        return f"⚠ waits for {part.what}, which holds {files}: {part.reason}"
    return (
        f"⚠ {files} is held because of {part.what}; with this change it is tried again, "
        f"and if it fails again this change waits for that one: {part.reason}"
    )


def _part(stores: Stores, row: Row, newest: Release | None, node: str) -> HeldPart:
    outcome = {**row, "release": row.get("number")}
    origin = origin_of(stores, outcome, node)
    suspect = change_of(stores, outcome, origin, newest)
    names = held_names(stores, outcome)
    return HeldPart(
        origin,
        suspect.change,
        suspect.position,
        suspect.main,
        str(row.get("reason") or "no reason given"),
        str(row.get("service") or ""),
        names,
        blameless(stores, outcome, origin, names),
        tuple(sorted(row.get("files") or ())),
    )
