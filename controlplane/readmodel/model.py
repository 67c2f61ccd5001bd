"""The file of the read model as its writer sees it: catches up with the log, or makes the file anew.

The file is opened for each use, so that it takes no memory between two.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from controlplane.errors import MailserverError, NotFound, Unavailable
from controlplane.event_log import EventLog, Tip
from controlplane.readmodel import clock, schema
from controlplane.readmodel.projection import Projector
from controlplane.readmodel.served import Served, served_at
from controlplane.release import Release, Releases
from wire.durable import sync_folder

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long a statement waits for another process that reads or writes."""


class ReadModel:
    """Rows about one log, and the few questions of the daemon itself. Threads may share one.

    `secret_settings` are the names whose values are not written here. A file that is missing, older, damaged
    or of another log is made again by `catch_up`: in this process, or by `apart`, which raises Unavailable.
    """

    def __init__(
        self,
        path: Path,
        log: EventLog,
        releases: Releases,
        secret_settings: Collection[str] = frozenset(),
        apart: Callable[[], None] | None = None,
    ) -> None:
        self.path = path
        self.secret_settings = secret_settings
        self._log, self._releases = log, releases
        self._apart = apart
        self._turn = threading.RLock()

    def catch_up(self) -> int:
        """Add what is new in the log and on `rendered`; returns the number of change sets that this added."""
        with self._turn:
            with self._alone():
                count = self._extended()
                if count is None and self._apart is None:
                    return self._rebuild()
            if count is None and self._apart is not None:
                self._apart()
                with self._alone():
                    count = self._extended()
        if count is None:
            raise Unavailable("the read model could not be made")
        return count

    def make_again(self) -> None:
        """Make the file anew, whatever it holds."""
        with self._turn:
            with self._alone():
                _remove(self.path)
            self.catch_up()

    def behind(self) -> int:
        """How many change sets `catch_up` would add."""
        tip, position = self._log.tip(), 0
        with suppress(sqlite3.DatabaseError, NotFound), self._opened() as db:
            if db is not None:
                position, commit = db.execute("SELECT position, commit_id FROM progress").fetchone()
                if position and self._log.commit_at(position) != commit:
                    position = 0
        return tip.position - position

    def served_at(self, position: int) -> Served | None:
        """What served when the log was at a position; None before the first release served."""
        return self._ask(lambda connection: served_at(connection, position))

    def last_whole(self) -> int:
        """The last release that served with nothing held; raises NotFound if there is none."""
        sql = "SELECT max(event), release FROM outcomes WHERE outcome = 'applied' AND held = '[]'"
        row = self._ask(lambda connection: connection.execute(sql).fetchone())
        if row[0] is None:
            raise NotFound("no release served wholly")
        return int(row[1])

    def position_at(self, time: datetime) -> int:
        """The newest position at that time (clock.py); raises NotFound when the log began later."""
        return self._ask(lambda connection: clock.position_at(connection, time))

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with self._turn:
            try:
                return self._answer(question)
            except sqlite3.DatabaseError:
                self.make_again()  # the file was damaged since: whoever asks is answered all the same
            try:
                return self._answer(question)
            except sqlite3.DatabaseError as error:
                raise Unavailable(f"the read model cannot be read: {error}") from error

    def _answer(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with self._opened() as db:
            if db is None:
                raise Unavailable("the read model has not been made yet")
            return question(db)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """The database in the file; None unless this program can use it."""
        if not self.path.is_file():
            yield None
            return
        with closing(_connect(self.path)) as db:
            try:
                usable = schema.fits(db)
            except sqlite3.DatabaseError:  # not a database, or a damaged one
                usable = False
            yield db if usable else None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write while no other process reads or does; waits for one that makes the file."""
        try:
            file = self.path.with_name(f"{self.path.name}.lock").open("wb")
        except OSError as error:
            raise Unavailable(f"the read model cannot be written: {error}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _extended(self) -> int | None:
        """Add what is new to the file as it is; None if it has to be made anew."""
        with suppress(sqlite3.DatabaseError), self._opened() as db:
            if db is not None and self._fits(db):
                return self._extend(db)
        return None

    def _fits(self, db: sqlite3.Connection) -> bool:
        """Whether the rows still match the log and `rendered`."""
        position, commit = db.execute("SELECT position, commit_id FROM progress").fetchone()
        number, release = db.execute("SELECT max(number), commit_id FROM releases").fetchone()
        try:
            return (position == 0 or self._log.commit_at(position) == commit) and (
                number is None or self._releases.by_number(number).commit == release
            )
        except NotFound:
            return False

    def _extend(self, db: sqlite3.Connection) -> int:
        known = db.execute("SELECT coalesce(max(number), 0) FROM releases").fetchone()[0]
        position = db.execute("SELECT position FROM progress").fetchone()[0]
        projector = Projector(db, self.secret_settings)
        # The releases first: an outcome looks up which position its release covers.
        tip, settled = settled_tip(self._log)
        projector.add_releases(_newer(self._releases, known))
        return projector.add(self._log.iterate(position + 1, tip), settled)

    def _rebuild(self) -> int:
        """Build a new file and move it into place, with indexes created after all rows."""
        from controlplane.readmodel import migrations  # brings a library along that extending needs none of

        aside = self.path.with_name(self.path.name + ".new")
        try:
            _remove(aside)
            with closing(_connect(aside)) as db:
                db.execute("PRAGMA synchronous = OFF")
                migrations.make_tables(db)
                count = self._extend(db)
                migrations.make_indexes(db)
            _remove(self.path)
            aside.replace(self.path)
            _remove(aside)  # its journal
            sync_folder(self.path.parent)
        except (sqlite3.DatabaseError, OSError) as error:
            raise Unavailable(f"the read model cannot be written: {error}") from error
        return count


def settled_tip(log: EventLog) -> tuple[Tip, bool]:
    """The tip, and whether it is settled: it has its release or gets none, as nobody is writing one."""
    try:
        with log.lock.hold("reading the log", deadline=0):
            return log.tip(), True
    except MailserverError:
        return log.tip(), False


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}", timeout=BUSY_SECONDS, uri=True)
    try:
        # Nobody reads meanwhile (`_alone`): readers need no files beside this one, nor room for them.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        # A power cut may lose the last rows: they come again from the log.
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _newer(releases: Releases, known: int) -> Iterator[Release]:
    return takewhile(lambda release: release.number > known, releases.newest_first())


def _remove(path: Path) -> None:
    for name in (path.name, *(f"{path.name}-{kind}" for kind in ("journal", "wal", "shm"))):
        target = path.with_name(name)
        if target.is_dir():
            shutil.rmtree(target)
        with suppress(FileNotFoundError):
            target.unlink()
