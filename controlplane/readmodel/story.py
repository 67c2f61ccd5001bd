"""Determines what became of an event: the outcome with its time and reason."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from functools import cached_property

from controlplane.outcomes import ChangeOutcome
from controlplane.readmodel.schema import OUTCOMES, SEQUENCE_BITS
from controlplane.timestamps import parse_time


class Story:
    """The outcomes for one answer; what many events share is looked up once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[int, tuple[datetime, str]] = {}

    def of(self, number: int | None, fate: int, kind: str, subject: str) -> tuple[str, datetime | None, str]:
        """Outcome, since when, and why; empty for a report (None)."""
        if number is None:
            return "", None, ""
        outcome = OUTCOMES[number]
        if outcome == ChangeOutcome.PENDING:
            return outcome, None, "releases are held back until resume" if self._suspended else ""
        at, reason = self._decided(fate)
        if outcome == ChangeOutcome.SUPERSEDED:
            reason = f"change set {fate >> SEQUENCE_BITS} came before it served"
        elif outcome == ChangeOutcome.HELD:
            from controlplane.statefiles.event_kinds import name_behind  # takes longer than most answers

            reason = f"{name_behind(kind, subject)} is held: its last good content serves"
        return outcome, at, reason

    def _decided(self, fate: int) -> tuple[datetime, str]:
        if fate not in self._known:
            time, reason = self._connection.execute(
                "SELECT change_sets.time, coalesce(outcomes.reason, '') FROM change_sets"
                " LEFT JOIN outcomes ON event = ?1 WHERE position = ?1 >> ?2",
                (fate, SEQUENCE_BITS),
            ).fetchone()
            self._known[fate] = parse_time(time), reason
        return self._known[fate]

    @cached_property
    def _suspended(self) -> bool:
        newest = dict(
            self._connection.execute(
                "SELECT name, (SELECT max(id) FROM events WHERE kind = names.id) FROM names"
                " WHERE sort = 'kind' AND name IN ('apply.suspended', 'apply.resumed')"
            ).fetchall()
        )
        return bool(newest.get("apply.suspended", 0) > newest.get("apply.resumed", 0))


def release_of(connection: sqlite3.Connection, position: int) -> int:
    """The first release that holds a position, 0 for none yet; the one before, where none was made of it."""
    first = connection.execute(
        "SELECT number, position FROM releases WHERE position >= ? ORDER BY position, number LIMIT 1",
        (position,),
    ).fetchone()
    if first is not None and first[1] == position:
        return int(first[0])
    before = connection.execute(
        "SELECT number FROM releases WHERE position < ? ORDER BY position DESC, number DESC LIMIT 1",
        (position,),
    ).fetchone()
    found = before or first
    return int(found[0]) if found else 0
