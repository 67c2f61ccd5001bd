"""Questions to the read model, by sqlite-utils: filters, and the rows that come back.

Whoever asks imports this: the daemon, which only writes the file, needs sqlite3 alone.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from controlplane.errors import NotFound
from controlplane.outcomes import ChangeOutcome
from controlplane.readmodel import clock, schema, story
from controlplane.readmodel.schema import SEQUENCE_BITS
from controlplane.timestamps import format_time, parse_time

_END = 1 << 62

_SERVED = schema.OUTCOMES.index(ChangeOutcome.SERVED)
_OUTCOME_IS = "outcome = ? AND outcome <> 1"
"""The condition on one, with the words that make SQLite see that the partial index holds all of these."""
_MORE = f"SELECT 1 FROM events INDEXED BY events_by_outcome WHERE {_OUTCOME_IS} LIMIT 1 OFFSET ?"  # noqa: S608
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


def opened(connection: sqlite3.Connection) -> Database:
    """The tables behind a connection, as the library that asks them sees them."""
    return Database(connection, recursive_triggers=False, execute_plugins=False)


def find(db: Database, filters: Filters) -> list[Entry]:
    """The events that match the filters, at most `limit`."""
    kinds = _numbers(db, "kind", [pattern_of(kind) for kind in filters.kinds])
    actors = _numbers(db, "actor", filters.actors)
    sources = _numbers(db, "source", [filters.source] if filters.source else [])
    if [] in (kinds, actors, sources):
        return []
    low, high = _span(db.conn, filters)
    search = _Search(filters, low, high, kinds, actors, sources)
    return entries(db, search.ids(db))


def has_kind(db: Database, kind: str) -> bool:
    """Whether an event of a kind, noun or glob happened."""
    return bool(_numbers(db, "kind", [pattern_of(kind)]))


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

    def ids(self, db: Database) -> list[int]:
        """The ids that match all filters, at most `limit`, by the way that reads the fewest rows."""
        if self._outcomes and self._are_rare(db):
            return self._merged(db, [("events_by_outcome", _OUTCOME_IS, n) for n in self._outcomes])
        return self.by_words(db) if self._filters.text.strip() else self.by_index(db)

    def _are_rare(self, db: Database) -> bool:
        if _SERVED in self._outcomes:
            return False
        return all(next(db.query(_MORE, (number, _RARE)), None) is None for number in self._outcomes)

    def by_index(self, db: Database) -> list[int]:
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
        return self._merged(db, scans)

    def _merged(self, db: Database, scans: Iterable[tuple[str, str, int | None]]) -> list[int]:
        found: list[int] = []
        for index, condition, number in scans:
            found += self._scan(db, index, condition, number)
        return sorted(set(found), reverse=not self._filters.oldest_first)[: self._filters.limit]

    def _scan(self, db: Database, index: str, condition: str, number: int | None) -> list[int]:
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
        return [row["id"] for row in db.query(f"{sql} LIMIT ?", [*parameters, self._filters.limit])]

    def by_words(self, db: Database) -> list[int]:
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
        rows = db.query(
            f"SELECT event_words.rowid AS id FROM event_words {join} WHERE event_words MATCH ?"  # noqa: S608
            f" AND event_words.rowid BETWEEN ? AND ? {condition}"
            f" ORDER BY event_words.rowid {self._order} LIMIT ?",
            [*parameters, self._filters.limit],
        )
        return [row["id"] for row in rows]

    def _words(self) -> str:
        """The expression for FTS5 to match."""
        terms = [f"words : {_phrase(word)}" for word in self._filters.text.split()]
        for letter, numbers in (("k", self._kinds), ("a", self._actors), ("s", self._sources)):
            if numbers:
                terms.append("facets : (" + " OR ".join(f"{letter}{number}" for number in numbers) + ")")
        return " AND ".join(terms)


_ROWS = """
SELECT events.id, position, commit_id, time, change_sets.actor, change_sets.author, change_sets.source,
    reason, main_commit, clock, names.name AS kind, subject, effect, text, data, outcome, fate
FROM events JOIN names ON names.id = kind JOIN change_sets ON position = events.id >> ?
WHERE events.id IN (SELECT value FROM json_each(?))"""
_AT_ONCE = 1_000
"""Rows to hold in memory beside the entries that they become."""


def entries(db: Database, ids: Sequence[int]) -> list[Entry]:
    """The full rows of these ids, in order."""
    told, find_release = story.Story(db.conn), lru_cache(1_000)(lambda at: story.release_of(db.conn, at))
    return [_entry(row, told, find_release) for row in _rows(db, ids)]


def _rows(db: Database, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        rows = {row["id"]: row for row in db.query(_ROWS, (SEQUENCE_BITS, json.dumps(some)))}
        yield from (rows[identity] for identity in some)


def _entry(row: dict[str, Any], told: story.Story, find_release: Callable[[int], int]) -> Entry:
    outcome, at, why = told.of(row["outcome"], row["fate"], row["kind"], row["subject"])
    return Entry(
        position=row["position"],
        sequence=row["id"] - (row["position"] << SEQUENCE_BITS),
        commit=row["commit_id"],
        time=parse_time(row["time"]),
        kind=row["kind"],
        subject=row["subject"],
        effect=row["effect"],
        text=row["text"],
        actor=row["actor"],
        author=row["author"],
        source=row["source"],
        reason=row["reason"],
        main_commit=row["main_commit"],
        data=json.loads(row["data"]),
        release=find_release(row["position"]) if outcome else 0,
        outcome=outcome,
        outcome_at=at,
        outcome_reason=why,
        clock=clock.WORDS[row["clock"]],
    )


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


def pattern_of(kind: str) -> str:
    """A glob of kinds: a bare noun stands for all its kinds."""
    return kind if "." in kind or "*" in kind else f"{kind}.*"


def _numbers(db: Database, sort: str, patterns: Iterable[str]) -> list[int] | None:
    """The numbers of the names that any of the patterns matches; None for no patterns."""
    patterns = list(patterns)
    if not patterns:
        return None
    names = db.table("names").rows_where("sort = ?", [sort])
    return [row["id"] for row in names if any(_matches(row["name"], pattern) for pattern in patterns)]


def _matches(name: str, pattern: str) -> bool:
    glob = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(glob, name, re.IGNORECASE | re.DOTALL) is not None


def _phrase(word: str) -> str:
    """A word quoted for FTS5; an address becomes a phrase of its parts. A * at the end makes it a prefix."""
    bare = word.rstrip("*").replace('"', '""')
    return f'"{bare}"' + (" *" if word.endswith("*") and bare else "")
