"""The tables of the read model, as named and recorded migrations.

The read model is derived: a file that lacks a migration, or has one that this program does not know, is
made again from the log rather than converted. To change a table: a new migration here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from controlplane.outcomes import ChangeOutcome

SEQUENCE_BITS = 24
"""An event's id is its position shifted by this, plus its number in the change set: ids sort as the log."""

OUTCOMES = tuple(ChangeOutcome)
"""What becomes of an event (fates.py), each kept as its place here; NULL for a report."""


def _tables(connection: sqlite3.Connection) -> None:
    """Change sets, events, and outcomes of releases.

    Events hold small numbers for kind, actor and source (table `names`), so that the indexes over them
    stay narrow. The words of an event are in a full-text index without content of its own (FTS5,
    https://www.sqlite.org/fts5.html), with the numbers beside them as words of the form k1, a2, s3:
    the engine then intersects lists instead of looking each hit up.
    """
    for statement in (
        "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER, commit_id TEXT)",
        "INSERT INTO progress VALUES (1, 0, '')",
        "CREATE TABLE names (id INTEGER PRIMARY KEY, sort TEXT, name TEXT, UNIQUE (sort, name))",
        "CREATE TABLE change_sets (position INTEGER PRIMARY KEY, commit_id TEXT, time TEXT, actor TEXT,"
        " author TEXT, source TEXT, reason TEXT, main_commit TEXT)",
        "CREATE TABLE events (id INTEGER PRIMARY KEY, kind INTEGER, actor INTEGER, source INTEGER,"
        " subject TEXT, effect TEXT, text TEXT, data TEXT)",
        "CREATE VIRTUAL TABLE event_words USING fts5(words, facets, content='', prefix='1 2 3 4')",
        "CREATE TABLE releases (number INTEGER PRIMARY KEY, commit_id TEXT, position INTEGER,"
        " main_commit TEXT, time TEXT)",
        "CREATE TABLE outcomes (event INTEGER PRIMARY KEY, release INTEGER, node TEXT, outcome TEXT,"
        " time TEXT, reason TEXT)",
    ):
        connection.execute(statement)


def _authors(connection: sqlite3.Connection) -> None:
    """The author of a change that somebody else pushed, numbered among the actors."""
    connection.execute("ALTER TABLE events ADD COLUMN author INTEGER")


def _fates(connection: sqlite3.Connection) -> None:
    """What became of each event, and the event that decided it; those that may still come to serve."""
    for statement in (
        "ALTER TABLE events ADD COLUMN outcome INTEGER",
        "ALTER TABLE events ADD COLUMN fate INTEGER",
        # Next: the first later event that overrides it, 0 for none.
        "CREATE TABLE open (id INTEGER PRIMARY KEY, topic TEXT, next INTEGER, state TEXT)",
        "CREATE INDEX open_by_topic ON open (topic)",
        "CREATE INDEX open_by_state ON open (state, id)",
        "ALTER TABLE outcomes ADD COLUMN serving INTEGER",
        "ALTER TABLE outcomes ADD COLUMN basis INTEGER",
        "ALTER TABLE outcomes ADD COLUMN held TEXT",
        "CREATE INDEX outcomes_by_release ON outcomes (release, event)",
        "CREATE INDEX releases_by_position ON releases (position, number)",
    ):
        connection.execute(statement)


def _clock(connection: sqlite3.Connection) -> None:
    """A time that never goes backwards, next to the wall clock's, and how that fits (clock.py)."""
    for statement in (
        "ALTER TABLE change_sets ADD COLUMN effective TEXT",
        "ALTER TABLE change_sets ADD COLUMN clock INTEGER",
        "CREATE INDEX change_sets_by_time ON change_sets (effective)",
    ):
        connection.execute(statement)


def _indexes(connection: sqlite3.Connection) -> None:
    """One index per filter, in the log's order, that covers the columns of the other filters."""
    for statement in (
        "CREATE INDEX events_by_kind ON events (kind, id, actor, author, source, subject)",
        "CREATE INDEX events_by_actor ON events (actor, id, source)",
        "CREATE INDEX events_by_author ON events (author, id, source) WHERE author IS NOT NULL",
        "CREATE INDEX events_by_source ON events (source, id, actor, author)",
        "CREATE INDEX events_by_subject ON events (subject, id, kind, actor, author, source)",
        # Most serve in the end: what came to nothing, or waits, is found without passing them by.
        "CREATE INDEX events_by_outcome ON events (outcome, id) WHERE outcome <> 1",
        "CREATE INDEX change_sets_by_commit ON change_sets (commit_id)",
        "CREATE INDEX change_sets_by_main ON change_sets (main_commit)",
    ):
        connection.execute(statement)


SET = "readmodel"
"""The name of these migrations among those of others."""
INDEXES = "0005_indexes"
MIGRATIONS: dict[str, Callable[[sqlite3.Connection], None]] = {
    "0001_tables": _tables,
    "0002_authors": _authors,
    "0003_fates": _fates,
    "0004_clock": _clock,
    INDEXES: _indexes,
}
"""In their order; the indexes come last, so that a new file gets its rows without them."""


def make(connection: sqlite3.Connection) -> None:
    """All tables and indexes in a database that is not kept, so without a record of the migrations."""
    for change in MIGRATIONS.values():
        change(connection)


def fits(connection: sqlite3.Connection) -> bool:
    """Whether the file has exactly the migrations that this program knows; raises sqlite3.DatabaseError.

    sqlite-utils keeps them in this table (its page "Database migrations").
    """
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (SET,)
    )
    return [name for (name,) in rows] == list(MIGRATIONS)
