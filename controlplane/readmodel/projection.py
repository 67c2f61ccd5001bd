"""Turns change sets and releases into rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from controlplane.events import (
    ChangeSet,
    Event,
    ReleaseApplied,
    ReleaseRejected,
    ReleaseRolledBack,
    SettingChanged,
    SettingPinned,
)
from controlplane.events.codec import encode
from controlplane.readmodel import clock
from controlplane.readmodel.fates import PENDING, Fates
from controlplane.readmodel.schema import SEQUENCE_BITS
from controlplane.release import Release
from controlplane.timestamps import format_time

BATCH = 1_000
"""Change sets a transaction: enough to make its cost small, few enough to keep memory flat."""

HIDDEN = "(secret)"
_SECRET_FIELDS = frozenset({"password_hash", "credentials"})


class Projector:
    """Writes rows; use one instance per run over the log."""

    def __init__(self, connection: sqlite3.Connection, secret_settings: Collection[str]) -> None:
        self._connection = connection
        self._secret_settings = secret_settings
        rows = self._connection.execute("SELECT sort, name, id FROM names")
        self._names: dict[tuple[str, str], int] = {(sort, name): number for sort, name, number in rows}
        self._fates = Fates(connection)
        self._newest = clock.newest(connection)
        self._left_out: Mapping[int, int] = {}
        self._position: int = connection.execute("SELECT position FROM progress").fetchone()[0]

    def add(
        self, changes: Iterable[ChangeSet], settled: bool = True, left_out: Mapping[int, int] | None = None
    ) -> int:
        """Write change sets in order, one transaction per batch; returns how many.

        `left_out`: how many events are missing at the beginning of some, by position. `settled`: the release
        of the last one was written, if it gets one, and is known here. That of those before it always is: it
        is written before the next change set.
        """
        self._left_out = left_out or {}
        count = self._add_all(changes)
        if settled:
            with self._connection:
                self._fates.settle(self._position)
        return count

    def _add_all(self, changes: Iterable[ChangeSet]) -> int:
        stream, count = iter(changes), 0
        while batch := list(islice(stream, BATCH)):
            with self._connection:
                for change in batch:
                    self._add(change)
                last = batch[-1]
                self._connection.execute(
                    "UPDATE progress SET position = ?, commit_id = ?", (last.position, last.commit)
                )
            count += len(batch)
        return count

    def add_releases(self, releases: Iterable[Release]) -> None:
        """Write releases, replacing existing ones."""
        rows = [
            (r.number, r.commit, r.basis.log_position, r.basis.main_commit, format_time(r.time))
            for r in releases
        ]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO releases VALUES (?, ?, ?, ?, ?)", rows)

    def _add(self, change: ChangeSet) -> None:
        self._fates.settle(self._position)
        self._position = change.position
        effective, fits = clock.judge(self._connection, change.time, self._newest)
        self._newest = effective or self._newest
        row = (*_change_row(change), effective, fits)
        self._connection.execute("INSERT INTO change_sets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        actor, source = self._number("actor", change.actor), self._number("source", change.source)
        author = self._number("actor", change.author) if change.author else None
        people = f"a{actor}" if author is None else f"a{actor} a{author}"
        said = f"{change.reason} {change.actor} {change.author}"
        rows, words = [], []
        for identity, event in self._numbered(change):
            kind = self._number("kind", event.kind)
            text, fields = self._shown(event)
            data = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
            outcome = None if event.effect == "report" else PENDING
            rows.append(
                (identity, kind, actor, source, event.subject, event.effect, text, data, author, outcome)
            )
            words.append((identity, f"{event.subject} {text} {said}", f"k{kind} {people} s{source}"))
        self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)
        self._connection.executemany("INSERT INTO event_words (rowid, words, facets) VALUES (?, ?, ?)", words)
        self._decide(change)

    def _decide(self, change: ChangeSet) -> None:
        for identity, event in self._numbered(change):
            if isinstance(event, ReleaseApplied | ReleaseRejected | ReleaseRolledBack):
                self._fates.decide(identity, event, format_time(change.time))
            elif event.effect != "report":
                self._fates.begin(identity, event)

    def _numbered(self, change: ChangeSet) -> Iterable[tuple[int, Event]]:
        """The events with their ids."""
        first = (change.position << SEQUENCE_BITS) + self._left_out.get(change.position, 0)
        return enumerate(change.events, first)

    def _number(self, sort: str, name: str) -> int:
        number = self._names.get((sort, name))
        if number is None:
            made = self._connection.execute("INSERT INTO names (sort, name) VALUES (?, ?)", (sort, name))
            number = self._names[sort, name] = int(made.lastrowid or 0)
        return number

    def _shown(self, event: Event) -> tuple[str, dict[str, Any]]:
        """The event without its secrets: text for people, fields for programs."""
        record, _ = encode(event)
        fields = {key: value for key, value in record.items() if key not in _SECRET_FIELDS}
        if isinstance(event, SettingChanged | SettingPinned) and event.name in self._secret_settings:
            for key in fields.keys() & {"old", "new", "value"}:
                fields[key] = None if fields[key] is None else HIDDEN
            return HIDDEN, fields
        return event.detail, fields


def _change_row(change: ChangeSet) -> tuple[Any, ...]:
    return (
        change.position,
        change.commit,
        format_time(change.time),
        change.actor,
        change.author,
        change.source,
        change.reason,
        change.main_commit,
    )
