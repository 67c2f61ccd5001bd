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

from controlplane.log_format import format_time, parse_time
from controlplane.readmodel.schema import SEQUENCE_BITS

_END = 1 << 62

POSITION_AT = "SELECT position FROM change_sets WHERE time <= ? ORDER BY time DESC, position DESC LIMIT 1"
"""The newest position at a time; along the index, as times never go back in the log."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events; everything given must hold.

    `kinds` and `actors` are names or globs (`alias.*`, `*.removed`); a bare noun (`alias`) stands for all
    its kinds. An actor is who brought a change, or whose it was. `text`: all its words occur in subject,
    detail, reason, actor or author; a word that ends in * may go on. `since` and `until` are inclusive.
    Newest first unless `oldest_first`.
    """

    kinds: tuple[str, ...] = ()
    subject: str = ""
    actors: tuple[str, ...] = ()
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    limit: int = 100
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with its change set and what became of it.

    `release` is the first release that holds it (0: none yet), `outcome` what happened to that one last
    (applied, rejected, rolled_back, or empty), `live_at` when it first served, in whichever release; None
    for reports. Times are aware, in UTC. `data` holds the event's fields without secrets.
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
    live_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """The entry as plain values, for JSON."""
        live = format_time(self.live_at) if self.live_at else None
        return asdict(self) | {"time": format_time(self.time), "live_at": live}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a release on a node, once."""

    release: int
    node: str
    outcome: str
    time: datetime
    reason: str


def find(connection: sqlite3.Connection, filters: Filters) -> list[Entry]:
    """The events that the filters let through, at most `limit`."""
    kinds = _numbers(connection, "kind", [_pattern(kind) for kind in filters.kinds])
    actors = _numbers(connection, "actor", filters.actors)
    sources = _numbers(connection, "source", [filters.source] if filters.source else [])
    if [] in (kinds, actors, sources):
        return []
    low, high = _span(connection, filters)
    search = _Search(filters, low, high, kinds, actors, sources)
    ids = search.by_words(connection) if filters.text.strip() else search.by_index(connection)
    return entries(connection, ids)


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
        self._order = "ASC" if filters.oldest_first else "DESC"

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
        )
        for columns, numbers in filters:
            if numbers and not condition.startswith(columns):
                # the unary plus keeps the planner on the index that is named
                named = f"IN ({','.join(map(str, numbers))})"
                conditions.append("(" + " OR ".join(f"+{column} {named}" for column in columns) + ")")
        hint = f"INDEXED BY {index}" if index else "NOT INDEXED"
        # Only numbers and fixed words are put into the text of the statement.
        sql = f"SELECT id FROM events {hint} WHERE {' AND '.join(conditions)} ORDER BY id {self._order}"  # noqa: S608
        return [row[0] for row in connection.execute(f"{sql} LIMIT ?", [*parameters, self._filters.limit])]

    def by_words(self, connection: sqlite3.Connection) -> list[int]:
        """Ids by the full-text index, which also holds the other filters but the subject."""
        terms = [f"words : {_phrase(word)}" for word in self._filters.text.split()]
        for letter, numbers in (("k", self._kinds), ("a", self._actors), ("s", self._sources)):
            if numbers:
                terms.append("facets : (" + " OR ".join(f"{letter}{number}" for number in numbers) + ")")
        join, condition = "", ""
        parameters: list[Any] = [" AND ".join(terms), *self._span]
        if self._filters.subject:
            join = "CROSS JOIN events ON events.id = event_words.rowid"
            condition = "AND events.subject = ?"
            parameters.append(self._filters.subject)
        rows = connection.execute(
            f"SELECT event_words.rowid FROM event_words {join} WHERE event_words MATCH ?"  # noqa: S608
            f" AND event_words.rowid BETWEEN ? AND ? {condition}"
            f" ORDER BY event_words.rowid {self._order} LIMIT ?",
            [*parameters, self._filters.limit],
        )
        return [row[0] for row in rows]


def entries(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Entry]:
    """The whole rows of these ids, in their order."""

    @lru_cache(maxsize=1_000)
    def change_set(position: int) -> tuple[Any, ...]:
        row = connection.execute("SELECT * FROM change_sets WHERE position = ?", (position,)).fetchone()
        return (*row, *_fate(connection, position))

    found = []
    for identity in ids:
        subject, effect, text, data, kind = connection.execute(
            "SELECT subject, effect, text, data, name FROM events JOIN names ON names.id = kind"
            " WHERE events.id = ?",
            (identity,),
        ).fetchone()
        position = identity >> SEQUENCE_BITS
        _, commit, time, actor, author, source, reason, main, release, outcome, live = change_set(position)
        if effect == "report":
            release, outcome, live = 0, "", None
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
                release=release,
                outcome=outcome,
                live_at=live,
            )
        )
    return found


def outcomes(connection: sqlite3.Connection, release: int) -> list[Outcome]:
    """Everything that happened to a release, oldest first."""
    rows = connection.execute(
        "SELECT release, node, outcome, time, reason FROM outcomes WHERE release = ? ORDER BY event",
        (release,),
    )
    return [
        Outcome(number, node, what, parse_time(time), reason) for number, node, what, time, reason in rows
    ]


def _fate(connection: sqlite3.Connection, position: int) -> tuple[int, str, datetime | None]:
    """First release that holds a position, what became of it last, and when the position was live."""
    first = connection.execute(
        "SELECT number FROM releases WHERE position >= ? ORDER BY position LIMIT 1", (position,)
    ).fetchone()
    live = connection.execute(
        "SELECT time FROM live WHERE covered >= ? ORDER BY covered LIMIT 1", (position,)
    ).fetchone()
    past = outcomes(connection, first[0]) if first else []
    return first[0] if first else 0, past[-1].outcome if past else "", parse_time(live[0]) if live else None


def _span(connection: sqlite3.Connection, filters: Filters) -> tuple[int, int]:
    """The ids between the times."""
    low, high = 0, _END
    if filters.since:
        row = connection.execute(
            "SELECT position FROM change_sets WHERE time >= ? ORDER BY time, position LIMIT 1",
            (format_time(filters.since),),
        ).fetchone()
        low = row[0] << SEQUENCE_BITS if row else _END
    if filters.until:
        row = connection.execute(POSITION_AT, (format_time(filters.until),)).fetchone()
        high = ((row[0] + 1) << SEQUENCE_BITS) - 1 if row else -1
    return low, high


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
    """A word as FTS5 quotes it; an address is a phrase of its parts. A * at the end makes it a prefix."""
    bare = word.rstrip("*").replace('"', '""')
    return f'"{bare}"' + (" *" if word.endswith("*") and bare else "")
