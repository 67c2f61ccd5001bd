"""Questions to the read model: filters, and the rows that come back."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from controlplane.errors import NotFound
from controlplane.log_format import format_time, parse_time
from controlplane.outcomes import ChangeOutcome
from controlplane.readmodel import clock, schema, story
from controlplane.readmodel.schema import SEQUENCE_BITS

_END = 1 << 62

_SERVED = schema.OUTCOMES.index(ChangeOutcome.SERVED)
_OUTCOME_IS = "outcome = ? AND outcome <> 1"
"""The condition on one, with the words that make SQLite see that the partial index holds all of these."""
_SOME = f"SELECT 1 FROM events INDEXED BY events_by_outcome WHERE {_OUTCOME_IS} LIMIT ?"  # noqa: S608
_RARE = 10_000
"""Up to so many events with an outcome each is looked at; of more, those that pass the other filters."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events to find; all given conditions must hold.

    `kinds` and `actors` are names or globs (`alias.*`, `*.removed`); a bare noun (`alias`) stands for all
    its kinds. An actor is who brought a change, or whose it was. `text`: all its words occur in subject,
    detail, reason, actor or author; a word that ends in * may go on. `outcomes` are of schema.OUTCOMES; no
    report has one. `since` and `until` are inclusive.
    Newest first unless `oldest_first`.
    """

    kinds: tuple[str, ...] = ()
    subject: str = ""
    actors: tuple[str, ...] = ()
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    outcomes: tuple[str, ...] = ()
    limit: int = 100
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with its change set and what became of it.

    `release` is the first release that holds it (0: none yet). `outcome` is one of schema.OUTCOMES, empty
    for a report, with the time and the reason that it came to it; `live_at` is when it first served, in
    whichever release, None where it never did. `clock` says how its time fits those of its neighbours:
    `ahead`, `behind` or nothing. Times are aware, in UTC. `data` holds the event's fields without secrets.
    """

    position: int
    sequence: int
    commit: str
    time: datetime
    kind: str
    subject: str
    effect: str
    text: str
    actor: str
    author: str
    source: str
    reason: str
    main_commit: str
    data: dict[str, Any]
    release: int = 0
    outcome: str = ""
    outcome_at: datetime | None = None
    outcome_reason: str = ""
    clock: str = ""

    @property
    def live_at(self) -> datetime | None:
        """When it first served."""
        return self.outcome_at if self.outcome == ChangeOutcome.SERVED else None

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain values, for JSON."""
        decided, live = (t and format_time(t) for t in (self.outcome_at, self.live_at))
        return asdict(self) | {"time": format_time(self.time), "outcome_at": decided, "live_at": live}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of a release on a node."""

    release: int
    node: str
    outcome: str
    time: datetime
    reason: str


def find(connection: sqlite3.Connection, filters: Filters) -> list[Entry]:
    """The events that match the filters, at most `limit`."""
    kinds = _numbers(connection, "kind", [_pattern(kind) for kind in filters.kinds])
    actors = _numbers(connection, "actor", filters.actors)
    sources = _numbers(connection, "source", [filters.source] if filters.source else [])
    if [] in (kinds, actors, sources):
        return []
    low, high = _span(connection, filters)
    search = _Search(filters, low, high, kinds, actors, sources)
    return entries(connection, search.ids(connection))


class _Search:
    """Finds ids; each way streams along an index in the log's order and stops at the limit."""

    def __init__(
        self,
        filters: Filters,
        low: int,
        high: int,
        kinds: list[int] | None,
        actors: list[int] | None,
        sources: list[int] | None,
    ) -> None:
        self._filters, self._span = filters, (low, high)
        self._kinds, self._actors, self._sources = kinds, actors, sources
        self._outcomes = [schema.OUTCOMES.index(name) for name in filters.outcomes]
        self._order = "ASC" if filters.oldest_first else "DESC"

    def ids(self, connection: sqlite3.Connection) -> list[int]:
        """The ids that match all filters, at most `limit`, by the way that reads the fewest rows."""
        if self._outcomes and self._are_rare(connection):
            return self._merged(connection, [("events_by_outcome", _OUTCOME_IS, n) for n in self._outcomes])
        return self.by_words(connection) if self._filters.text.strip() else self.by_index(connection)

    def _are_rare(self, connection: sqlite3.Connection) -> bool:
        if _SERVED in self._outcomes:
            return False
        return all(
            connection.execute(
                f"SELECT count(*) FROM ({_SOME})",  # noqa: S608  # fixed words
                (number, _RARE + 1),
            ).fetchone()[0]
            <= _RARE
            for number in self._outcomes
        )

    def by_index(self, connection: sqlite3.Connection) -> list[int]:
        """Ids by one index scan for each kind (else actor, else source), merged."""
        scans: list[tuple[str, str, int | None]] = [("", "1", None)]
        if self._filters.subject:
            scans = [("events_by_subject", "1", None)]
        elif self._kinds:
            scans = [("events_by_kind", "kind = ?", number) for number in self._kinds]
        elif self._actors:
            scans = [
                (f"events_by_{column}", f"{column} = ?", number)
                for number in self._actors
                for column in ("actor", "author")
            ]
        elif self._sources:
            scans = [("events_by_source", "source = ?", number) for number in self._sources]
        return self._merged(connection, scans)

    def _merged(
        self, connection: sqlite3.Connection, scans: Iterable[tuple[str, str, int | None]]
    ) -> list[int]:
        found: list[int] = []
        for index, condition, number in scans:
            found += self._scan(connection, index, condition, number)
        return sorted(set(found), reverse=not self._filters.oldest_first)[: self._filters.limit]

    def _scan(
        self, connection: sqlite3.Connection, index: str, condition: str, number: int | None
    ) -> list[int]:
        conditions, values = [condition, "id BETWEEN ? AND ?"], [] if number is None else [number]
        parameters: list[Any] = [*values, *self._span]
        if self._filters.subject:
            conditions.append("subject = ?")
            parameters.append(self._filters.subject)
        filters = (
            (("kind",), self._kinds),
            (("actor", "author"), self._actors),
            (("source",), self._sources),
            (("outcome",), self._outcomes),
        )
        for columns, numbers in filters:
            if numbers and not condition.startswith(columns):
                # the unary plus keeps the planner on the index that is named
                named = f"IN ({','.join(map(str, numbers))})"
                conditions.append("(" + " OR ".join(f"+{column} {named}" for column in columns) + ")")
        if index == "events_by_outcome" and self._filters.text.strip():
            conditions.append(
                "EXISTS (SELECT 1 FROM event_words WHERE event_words MATCH ? AND rowid = events.id)"
            )
            parameters.append(self._words())
        hint = f"INDEXED BY {index}" if index else "NOT INDEXED"
        # Only numbers and fixed words are put into the text of the statement.
        sql = f"SELECT id FROM events {hint} WHERE {' AND '.join(conditions)} ORDER BY id {self._order}"  # noqa: S608
        return [row[0] for row in connection.execute(f"{sql} LIMIT ?", [*parameters, self._filters.limit])]

    def by_words(self, connection: sqlite3.Connection) -> list[int]:
        """Ids by the full-text index, which also holds the other filters but the subject."""
        join, condition = "", ""
        parameters: list[Any] = [self._words(), *self._span]
        if self._filters.subject or self._outcomes:
            join = "CROSS JOIN events ON events.id = event_words.rowid"
        if self._filters.subject:
            condition = "AND events.subject = ?"
            parameters.append(self._filters.subject)
        if self._outcomes:
            condition += f" AND events.outcome IN ({','.join(map(str, self._outcomes))})"
        rows = connection.execute(
            f"SELECT event_words.rowid FROM event_words {join} WHERE event_words MATCH ?"  # noqa: S608
            f" AND event_words.rowid BETWEEN ? AND ? {condition}"
            f" ORDER BY event_words.rowid {self._order} LIMIT ?",
            [*parameters, self._filters.limit],
        )
        return [row[0] for row in rows]

    def _words(self) -> str:
        """The expression for FTS5 to match."""
        terms = [f"words : {_phrase(word)}" for word in self._filters.text.split()]
        for letter, numbers in (("k", self._kinds), ("a", self._actors), ("s", self._sources)):
            if numbers:
                terms.append("facets : (" + " OR ".join(f"{letter}{number}" for number in numbers) + ")")
        return " AND ".join(terms)


def entries(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Entry]:
    """The full rows of these ids, in order."""

    @lru_cache(maxsize=1_000)
    def change_set(position: int) -> tuple[Any, ...]:
        row = connection.execute("SELECT * FROM change_sets WHERE position = ?", (position,)).fetchone()
        return (*row, story.release_of(connection, position))

    told = story.Story(connection)
    found = []
    for identity in ids:
        subject, effect, text, data, number, fate, kind = connection.execute(
            "SELECT subject, effect, text, data, outcome, fate, name FROM events"
            " JOIN names ON names.id = kind WHERE events.id = ?",
            (identity,),
        ).fetchone()
        position = identity >> SEQUENCE_BITS
        _, commit, time, actor, author, source, reason, main, _, fits, release = change_set(position)
        outcome, at, why = told.of(number, fate, kind, subject)
        found.append(
            Entry(
                position=position,
                sequence=identity - (position << SEQUENCE_BITS),
                commit=commit,
                time=parse_time(time),
                kind=kind,
                subject=subject,
                effect=effect,
                text=text,
                actor=actor,
                author=author,
                source=source,
                reason=reason,
                main_commit=main,
                data=json.loads(data),
                release=release if outcome else 0,
                outcome=outcome,
                outcome_at=at,
                outcome_reason=why,
                clock=clock.WORDS[fits],
            )
        )
    return found


def outcomes(connection: sqlite3.Connection, release: int) -> list[Outcome]:
    """All outcomes of a release, oldest first."""
    rows = connection.execute(
        "SELECT release, node, outcome, time, reason FROM outcomes WHERE release = ? ORDER BY event",
        (release,),
    )
    return [
        Outcome(number, node, what, parse_time(time), reason) for number, node, what, time, reason in rows
    ]


def _span(connection: sqlite3.Connection, filters: Filters) -> tuple[int, int]:
    """The ids between the times."""
    low, high = 0, _END
    if filters.since:
        low = _after(connection, filters.since, before=True)
    if filters.until:
        high = _after(connection, filters.until, before=False) - 1
    return low, high


def _after(connection: sqlite3.Connection, time: datetime, before: bool) -> int:
    """The first id after the newest change set at that time, or `before` it."""
    try:
        return (clock.position_at(connection, time, before) + 1) << SEQUENCE_BITS
    except NotFound:
        return 0


def _pattern(kind: str) -> str:
    return kind if "." in kind or "*" in kind else f"{kind}.*"


def _numbers(connection: sqlite3.Connection, sort: str, patterns: Iterable[str]) -> list[int] | None:
    """The numbers of the names that any of the patterns matches; None for no patterns."""
    patterns = list(patterns)
    if not patterns:
        return None
    names = connection.execute("SELECT id, name FROM names WHERE sort = ?", (sort,)).fetchall()
    return [number for number, name in names if any(_matches(name, pattern) for pattern in patterns)]


def _matches(name: str, pattern: str) -> bool:
    glob = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(glob, name, re.IGNORECASE | re.DOTALL) is not None


def _phrase(word: str) -> str:
    """A word quoted for FTS5; an address becomes a phrase of its parts. A * at the end makes it a prefix."""
    bare = word.rstrip("*").replace('"', '""')
    return f'"{bare}"' + (" *" if word.endswith("*") and bare else "")
