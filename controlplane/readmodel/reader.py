"""Opens the file of the read model for questions, read-only."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from controlplane.errors import Unavailable
from controlplane.readmodel import query, schema

BUSY_SECONDS = 5.0


@contextmanager
def reading(path: Path) -> Iterator[Database]:
    """The tables, which nobody replaces meanwhile.

    Raises Unavailable where the file is not there or of another program, and sqlite3.DatabaseError where it
    is damaged.
    """
    try:
        lock = path.with_name(f"{path.name}.lock").open("ab")
    except OSError as error:
        raise Unavailable(f"the read model cannot be read: {error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not path.is_file():
            raise Unavailable("the read model has not been made yet")
        uri = f"file:{path}?mode=ro"
        with closing(sqlite3.connect(uri, timeout=BUSY_SECONDS, uri=True)) as connection:
            if not schema.fits(connection):
                raise Unavailable("the read model is that of another version")
            yield query.opened(connection)
