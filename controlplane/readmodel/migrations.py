"""Makes the tables in a file of the read model: sqlite-utils runs and records the migrations of schema.py.

Only whoever makes the file imports this: reading one needs sqlite3 alone, and no memory for a library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlite_utils import Database, Migrations

from controlplane.readmodel import schema


def make_tables(connection: sqlite3.Connection) -> None:
    """What has to be there before rows are written. Raises sqlite3.DatabaseError."""
    _migrations().apply(_database(connection), stop_before=schema.INDEXES)


def make_indexes(connection: sqlite3.Connection) -> None:
    """The rest, which is made faster once all rows are there. Raises sqlite3.DatabaseError."""
    _migrations().apply(_database(connection))


def _migrations() -> Migrations:
    known = Migrations(schema.SET)
    for name, change in schema.MIGRATIONS.items():
        known(name=name)(_on_connection(change))
    return known


def _on_connection(change: Callable[[sqlite3.Connection], None]) -> Callable[[Database], None]:
    def migrate(db: Database) -> None:
        change(db.conn)

    return migrate


def _database(connection: sqlite3.Connection) -> Database:
    return Database(connection, recursive_triggers=False, execute_plugins=False)
