"""The file of the read model: opens it, catches up with the log, rebuilds it if it does not match."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from controlplane.errors import MailserverError, NotFound, Unavailable
from controlplane.event_log import EventLog, Tip
from controlplane.readmodel import clock, query, schema
from controlplane.readmodel.projection import Projector
from controlplane.readmodel.query import Entry, Filters, Outcome
from controlplane.readmodel.served import Served, served_at
from controlplane.release import Release, Releases
from wire.durable import sync_folder

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long a statement waits for another process that writes."""


class ReadModel:
    """Questions about the log, answered from SQLite. Threads may share one; they take turns.

    `secret_settings` are the names whose values are not written here. A file that is missing, older,
    damaged or of another log is made again by `catch_up`.
    """

    def __init__(
        self, path: Path, secret_settings: Collection[str] = frozenset(), read_only: bool = False
    ) -> None:
        self.path = path
        self.secret_settings = secret_settings
        self._read_only = read_only
        self._turn = threading.Lock()
        self._file = 0
        """The inode of the file that is open."""
        self._db: sqlite3.Connection | None = None
        self._again: Callable[[], int] | None = None
        """Makes the file again, of the log that was taken in last."""
        self._reopen()

    def close(self) -> None:
        """Close the file; questions fail afterwards."""
        with self._turn:
            self._forget()

    def catch_up(self, log: EventLog, releases: Releases) -> int:
        """Add what is new in the log and on `rendered`; returns the number of change sets."""
        if self._read_only:
            raise Unavailable(f"{self.path} was opened for reading alone")
        with self._turn, self._alone():
            self._again = lambda: self._rebuild(log, releases)
            self._reopen()
            try:
                if self._db is not None and self._fits(self._db, log, releases):
                    return self._extend(self._db, log, releases)
            except sqlite3.DatabaseError:
                pass  # whatever is wrong with the file, the log is still there
            try:
                return self._rebuild(log, releases)
            except (sqlite3.DatabaseError, OSError) as error:
                raise Unavailable(f"the read model cannot be written: {error}") from error

    def behind(self, log: EventLog) -> int:
        """How many change sets `catch_up` would add."""
        with self._turn:
            self._reopen()
            tip, position = log.tip(), 0
            with suppress(sqlite3.DatabaseError, NotFound):
                if self._db is not None:
                    position, commit = self._db.execute("SELECT position, commit_id FROM progress").fetchone()
                    if position and log.commit_at(position) != commit:
                        position = 0
            return tip.position - position

    def position(self) -> int:
        """The position up to which the log was added."""
        return self._ask(lambda c: int(c.execute("SELECT position FROM progress").fetchone()[0]))

    def log(self, filters: Filters) -> list[Entry]:
        """Events that match the filters."""
        return self._ask(lambda connection: query.find(connection, filters))

    def history(self, subject: str, limit: int = 1_000) -> list[Entry]:
        """The newest `limit` events about one subject, oldest first."""
        newest = self.log(Filters(subject=subject, limit=limit))
        return newest[::-1]

    def outcomes(self, release: int) -> list[Outcome]:
        """The outcomes of a release, oldest first."""
        return self._ask(lambda connection: query.outcomes(connection, release))

    def served_at(self, position: int) -> Served | None:
        """What served when the log was at a position; None before the first release served."""
        return self._ask(lambda connection: served_at(connection, position))

    def last_whole(self) -> int:
        """The last release that served with nothing held; raises NotFound if there is none."""
        sql = (
            "SELECT release FROM outcomes WHERE outcome = 'applied' AND held = ? ORDER BY event DESC LIMIT 1"
        )
        return int(self._one(sql, "[]", "no release served wholly"))

    def commit_at(self, position: int) -> str:
        """The log's commit at a position; raises NotFound."""
        sql = "SELECT commit_id FROM change_sets WHERE position = ?"
        return str(self._one(sql, position, f"there is no change set {position}"))

    def position_at(self, time: datetime) -> int:
        """The newest position at that time (clock.py); raises NotFound when the log began later."""
        return self._ask(lambda connection: clock.position_at(connection, time))

    def position_of(self, commit: str) -> int:
        """The newest position of a commit of the log, of `main` or of `rendered`; raises NotFound."""
        sql = (
            "SELECT max(position) FROM (SELECT position FROM change_sets WHERE commit_id = ?1"
            " UNION ALL SELECT max(position) FROM change_sets WHERE main_commit = ?1"
            " UNION ALL SELECT position FROM releases WHERE commit_id = ?1)"
        )
        return int(self._one(sql, commit, f"no change set belongs to commit {commit}"))

    def _one(self, sql: str, value: object, otherwise: str) -> str | int:
        row = self._ask(lambda connection: connection.execute(sql, (value,)).fetchone())
        if row is None or row[0] is None:
            raise NotFound(otherwise)
        found: str | int = row[0]
        return found

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with self._turn:
            if self._db is None:
                raise Unavailable("the read model has not been made yet")
            try:
                try:
                    answer = question(self._db)
                except sqlite3.DatabaseError:
                    if self._again is None:
                        raise
                    with self._alone():
                        self._again()  # the file was damaged since: whoever asks is answered all the same
                    answer = question(self._db)
                self._db.execute("PRAGMA shrink_memory")  # the next question may be days away
            except sqlite3.DatabaseError as error:
                if not self._read_only:
                    self._forget()  # the next catch_up makes it again
                raise Unavailable(f"the read model cannot be read: {error}") from error
            return answer

    def _open(self) -> sqlite3.Connection | None:
        """The database in the file; None unless this program can use it."""
        if not self.path.exists():
            return None
        db = None
        try:
            db = self._connect(self.path)
            if schema.fits(db):
                return db
        except sqlite3.DatabaseError:
            pass  # not a database, or a damaged one
        if db is not None:
            db.close()
        return None

    def _reopen(self) -> None:
        """Open the current file: another process may have rebuilt it."""
        try:
            made = self.path.stat().st_ino
        except FileNotFoundError:
            made = 0
        if self._db is None or made != self._file:
            self._forget()
            self._file, self._db = made, self._open()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write while no other process does; waits for one that rebuilds the file."""
        try:
            file = self.path.with_name(f"{self.path.name}.lock").open("wb")
        except OSError as error:
            raise Unavailable(f"the read model cannot be written: {error}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _connect(self, path: Path) -> sqlite3.Connection:
        target = f"file:{path}?mode=ro" if self._read_only else f"file:{path}"
        connection = sqlite3.connect(target, timeout=BUSY_SECONDS, check_same_thread=False, uri=True)
        try:
            if not self._read_only:
                connection.execute("PRAGMA journal_mode = WAL")
                # A power cut may lose the last rows: they come again from the log.
                connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _forget(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _fits(self, db: sqlite3.Connection, log: EventLog, releases: Releases) -> bool:
        """Whether the rows still match the log and `rendered`."""
        position, commit = db.execute("SELECT position, commit_id FROM progress").fetchone()
        number, release = db.execute("SELECT max(number), commit_id FROM releases").fetchone()
        try:
            return (position == 0 or log.commit_at(position) == commit) and (
                number is None or releases.by_number(number).commit == release
            )
        except NotFound:
            return False

    def _extend(self, db: sqlite3.Connection, log: EventLog, releases: Releases) -> int:
        known = db.execute("SELECT coalesce(max(number), 0) FROM releases").fetchone()[0]
        position = db.execute("SELECT position FROM progress").fetchone()[0]
        projector = Projector(db, self.secret_settings)
        # The releases first: an outcome looks up which position its release covers.
        tip, settled = settled_tip(log)
        projector.add_releases(_newer(releases, known))
        return projector.add(log.iterate(position + 1, tip), settled)

    def _rebuild(self, log: EventLog, releases: Releases) -> int:
        """Build a new file and move it into place, with indexes created after all rows."""
        from controlplane.readmodel import migrations  # brings a library along that reading needs none of

        self._forget()
        aside = self.path.with_name(self.path.name + ".new")
        _remove(aside)
        db = self._connect(aside)
        try:
            db.execute("PRAGMA synchronous = OFF")
            migrations.make_tables(db)
            count = self._extend(db, log, releases)
            migrations.make_indexes(db)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()
        _remove(self.path)
        aside.replace(self.path)
        sync_folder(self.path.parent)
        self._reopen()
        return count


def _newer(releases: Releases, known: int) -> Iterator[Release]:
    return takewhile(lambda release: release.number > known, releases.newest_first())


def settled_tip(log: EventLog) -> tuple[Tip, bool]:
    """The tip, and whether it is settled: it has its release or gets none, as nobody is writing one."""
    try:
        with log.lock.hold("reading the log", deadline=0):
            return log.tip(), True
    except MailserverError:
        return log.tip(), False


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        target = path.with_name(name)
        if target.is_dir():
            shutil.rmtree(target)
        with suppress(FileNotFoundError):
            target.unlink()
