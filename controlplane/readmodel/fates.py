"""What became of each event, written as outcomes of releases come in.

An event is in effect in a release when the release was made of the log up to its position or a later one,
nothing up to there overrides it (topics.py), and neither its file nor its entry in it is held. It is
`served` once such a release served; else `rejected` or `rolled_back` once such a release failed; else
`superseded` once a later event overrides it; else `held` while that is; else `pending`.

Events that may still come to serve stand in the table `open`; each leaves it once, so that an outcome costs
what it decides and no more. A change that renders nothing new gets no release of its own: it is in effect
in the release before it, and served at once where that one serves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable

from controlplane.events import Event, ReleaseApplied, ReleaseRejected, ReleaseRolledBack
from controlplane.outcomes import ChangeOutcome
from controlplane.readmodel.schema import OUTCOMES, SEQUENCE_BITS
from controlplane.readmodel.topics import held_name, overridden_by, topic_of

Decision = ReleaseApplied | ReleaseRejected | ReleaseRolledBack

PENDING = OUTCOMES.index(ChangeOutcome.PENDING)
SERVED = OUTCOMES.index(ChangeOutcome.SERVED)
HELD = OUTCOMES.index(ChangeOutcome.HELD)
SUPERSEDED = OUTCOMES.index(ChangeOutcome.SUPERSEDED)
_WAITING, _TRIED = "", "!"
"""States of an open event; a third is the name of what is held: `mailserver.env:NAME`, or a whole file."""


class Fates:
    """Decides the fates of events, in the order of the log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._serving, self._held = serving(connection)
        self._unsettled = True

    def begin(self, identity: int, event: Event) -> None:
        """Add an event that is no report: it waits for a release, and overrides earlier ones on its topic."""
        before = identity >> SEQUENCE_BITS << SEQUENCE_BITS  # a change set takes effect as one
        for topic in overridden_by(event.kind, event.subject):
            rows = self._connection.execute(
                "SELECT id FROM open WHERE topic = ? AND next = 0 AND id < ?", (topic, before)
            ).fetchall()
            for (older,) in rows:
                self._connection.execute("UPDATE open SET next = ? WHERE id = ?", (identity, older))
                self._connection.execute(
                    f"UPDATE events SET outcome = {SUPERSEDED}, fate = ? WHERE id = ?"  # noqa: S608
                    f" AND outcome IN ({PENDING}, {HELD})",
                    (identity, older),
                )
        self._unsettled = True
        row = (identity, topic_of(event.kind, event.subject), 0, _WAITING)
        self._connection.execute("INSERT INTO open VALUES (?, ?, ?, ?)", row)

    def decide(self, identity: int, event: Decision, time: str) -> None:
        """Record that a release served or failed."""
        served = isinstance(event, ReleaseApplied)
        reason = "" if isinstance(event, ReleaseApplied) else event.reason
        serves = event.release if isinstance(event, ReleaseApplied) else event.serving
        held = event.held if isinstance(event, ReleaseApplied) else ()
        basis, covered = self._basis(event, identity >> SEQUENCE_BITS)
        outcome = event.kind.partition(".")[2]
        row = (identity, event.release, event.node, outcome, time, reason, serves, basis, json.dumps(held))
        self._connection.execute("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if served:
            self._serving, self._held = event.release, frozenset(held)
            self._serve((_WAITING, _TRIED, *self._released()), covered, self._held, identity)
        else:
            if serves != self._serving:
                self._serving, self._held = serving(self._connection)
            self._fail(OUTCOMES.index(ChangeOutcome(outcome)), covered, identity)

    def settle(self, position: int) -> None:
        """Settle the events up to here: each has its release by now, or renders nothing new."""
        if not self._unsettled:
            return
        self._unsettled = False
        newest = self._connection.execute(
            "SELECT number FROM releases WHERE position <= ? ORDER BY position DESC, number DESC LIMIT 1",
            (position,),
        ).fetchone()
        if newest is not None and newest[0] == self._serving:
            self._serve((_WAITING,), position, self._held, None)

    def _basis(self, event: Decision, position: int) -> tuple[int, int]:
        """The position a release was made from, and the one up to which nothing new was rendered."""
        known = dict(
            self._connection.execute(
                "SELECT number, position FROM releases WHERE number IN (?, ?)",
                (event.release, event.release + 1),
            ).fetchall()
        )
        basis = event.position or known.get(event.release, 0)
        behind = known.get(event.release + 1, position + 1)
        return basis, max(basis, min(position, behind - 1)) if basis else 0

    def _released(self) -> Iterable[str]:
        """What some events wait for and what is held no longer."""
        after = _TRIED
        while True:
            row = self._connection.execute("SELECT min(state) FROM open WHERE state > ?", (after,)).fetchone()
            if row[0] is None:
                return
            after = row[0]
            if after not in self._held:
                yield after

    def _serve(self, states: Iterable[str], position: int, held: Collection[str], cause: int | None) -> None:
        end = (position + 1) << SEQUENCE_BITS
        for state in list(states):
            gone: list[tuple[int]] = []
            served: list[tuple[int, int]] = []
            waits: list[tuple[str, int]] = []
            rows = self._connection.execute(
                "SELECT id, topic, next FROM open WHERE state = ? AND id < ?", (state, end)
            )
            for identity, topic, override in rows.fetchall():
                if not 0 < override < end and held and (name := held_name(topic, held)):
                    waits.append((name, identity))
                    continue
                gone.append((identity,))
                if not 0 < override < end:
                    served.append((cause or identity, identity))
            self._write(gone, served, waits, cause)

    def _write(
        self,
        gone: list[tuple[int]],
        served: list[tuple[int, int]],
        waits: list[tuple[str, int]],
        cause: int | None,
    ) -> None:
        many = self._connection.executemany
        many(f"UPDATE events SET outcome = {SERVED}, fate = ? WHERE id = ?", served)  # noqa: S608
        many("DELETE FROM open WHERE id = ?", gone)
        many("UPDATE open SET state = ? WHERE id = ?", waits)
        many(
            f"UPDATE events SET outcome = {HELD}, fate = ? WHERE id = ? AND outcome = {PENDING}",  # noqa: S608
            [(cause or identity, identity) for _, identity in waits],
        )

    def _fail(self, outcome: int, position: int, cause: int) -> None:
        end = (position + 1) << SEQUENCE_BITS
        rows = self._connection.execute(
            "SELECT id, next FROM open WHERE state = ? AND id < ?", (_WAITING, end)
        ).fetchall()
        tried = [(outcome, cause, identity) for identity, override in rows if not 0 < override < end]
        self._connection.executemany("UPDATE events SET outcome = ?, fate = ? WHERE id = ?", tried)
        moved = [(_TRIED, identity) for identity, _ in rows]
        self._connection.executemany("UPDATE open SET state = ? WHERE id = ?", moved)


def serving(connection: sqlite3.Connection, before: int = 1 << 62) -> tuple[int, frozenset[str]]:
    """The release that served before an event of the log (0: none), and what was held in it."""
    row = connection.execute(
        "SELECT serving FROM outcomes WHERE event < ? ORDER BY event DESC LIMIT 1", (before,)
    ).fetchone()
    if row is None or not row[0]:
        return 0, frozenset()
    held = connection.execute(
        "SELECT held FROM outcomes WHERE release = ? AND outcome = 'applied' AND event < ?"
        " ORDER BY event DESC LIMIT 1",
        (row[0], before),
    ).fetchone()
    return row[0], frozenset(json.loads(held[0])) if held else frozenset()
