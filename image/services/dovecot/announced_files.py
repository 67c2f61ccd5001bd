"""One file for each account that changed, and what Dovecot may remember of those that are not there any more.

Dovecot takes a passwd-file as it saw it in this clock second, also one whose path names the user, and also
once it is replaced or removed. So this counts until when what it may remember of such files is not true.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import replace
from pathlib import Path

from agent.files import staging
from wire import canary
from wire.manifest import Entry

FRESH = "run/mail-fresh"
STALE = "run/mail-stale"
"""Where Dovecot looks (its passdb and userdb of conf.d): who has a new line, and who has no other."""
MASTER = "*master"
"""Ends the name of a master's file, as that of no address can end."""
LAG = 0.1
"""Seconds that Dovecot's clock is late: it reads the time once for all requests that wait for it."""
TICK = 0.01
"""Seconds that the times of files are late."""
UNREAD = 0
"""A time of access that no file has by itself."""


class AnnouncedFiles:
    """The files of two folders below `root`. Methods raise OSError.

    The line of the server's own account (`canary.py`), which lies there too, is left alone.
    """

    def __init__(self, root: Path) -> None:
        self._fresh, self._stale = root / FRESH, root / STALE
        self._mark = 0
        self._replaced: list[int] = []
        """Handles of files that were replaced or removed since `left`; Dovecot may be about to read them."""
        self._gone: frozenset[str] = frozenset()
        self._gone_until = 0.0
        """Whose files `remove` took last, and until when Dovecot may remember them."""
        self._until = max(_last_change(self._fresh), _last_change(self._stale))
        """Until when Dovecot may remember what is not true; after a kill, what no file says any more."""

    def names(self) -> set[str]:
        """Who has a file."""
        names: set[str] = set()
        for folder in (self._fresh, self._stale):
            with contextlib.suppress(OSError):
                names |= {path.name for path in folder.iterdir() if is_file_name(path.name)}
        return names - {canary.ADDRESS}

    def tell(self, name: str, line: bytes, like: Entry) -> None:
        """This is the line of an account, with the owner and mode of a passwd-file."""
        content = (line if name.endswith(MASTER) else _with_userdb(line)) + b"\n"
        self._leave(name)
        self._place(self._fresh / name, content, like)

    def forget(self, name: str) -> None:
        """An account has no line."""
        self._leave(name)
        (self._fresh / name).unlink(missing_ok=True)

    def deny(self, name: str, like: Entry) -> None:
        """Keep Dovecot from what it may remember of an account in its passwd-file."""
        # Found without a password, which that passdb turns into a failure.
        line = f"{name.removesuffix(MASTER)}:::::::nopassword\n"
        self._place(self._stale / name, line.encode("utf-8", "surrogateescape"), like)

    def remove(self) -> None:
        """Remove all files. They say the truth: in doubt is only who changes in this same second."""
        still = self._gone if time.time() < self._gone_until else frozenset()
        self._gone = still | self.names()
        for folder in (self._stale, self._fresh):  # in between, who has a new line still gets in by it
            with contextlib.suppress(OSError):
                for path in folder.iterdir():
                    if path.name != canary.ADDRESS:
                        path.unlink()
        self._gone_until = end_of_second(time.time())

    def doubt(self) -> None:
        """Dovecot may remember something that no file here denies."""
        self._until = math.inf

    def left(self) -> float:
        """Seconds until Dovecot remembers nothing untrue any more, or less than zero; asked once."""
        if any(map(_was_read, self._replaced)):
            self.doubt()
        for handle in self._replaced:
            os.close(handle)
        self._replaced.clear()
        now, until, self._until = time.time(), self._until, 0.0
        return min(until, end_of_second(now)) - now

    def _leave(self, name: str) -> None:
        """Note what Dovecot may have read, or be about to read, of an account whose file goes."""
        with contextlib.suppress(FileNotFoundError):
            self._replaced.append(os.open(self._fresh / name, os.O_RDONLY | os.O_CLOEXEC))
        if name in self._gone:
            self._until = max(self._until, self._gone_until)

    def _place(self, path: Path, content: bytes, like: Entry) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(0o750)
            if os.geteuid() == 0:
                os.chown(path.parent, *staging.owner_ids(like.owner))
        aside = staging.stage(path.parent, replace(like, path=path.name), content)
        self._mark = max(new_time(), self._mark + 1)
        os.utime(aside, (UNREAD, self._mark))
        aside.replace(path)


def is_file_name(name: str) -> bool:
    """Whether an account's name can be that of a file."""
    return bool(name) and "/" not in name and not name.startswith(".")


def new_time() -> int:
    """A time of change that no earlier version of a file had.

    Dovecot knows a file by size and seconds, also one of an agent that was killed: so these are milliseconds.
    """
    return time.time_ns() // 1_000_000 % 2**31


def end_of_second(moment: float) -> float:
    """When Dovecot looks again at what it saw at a moment."""
    return int(moment) + 1 + LAG


def _last_change(folder: Path) -> float:
    """Until when Dovecot may remember what was last replaced or removed in a folder."""
    try:
        return end_of_second(folder.stat().st_mtime + TICK)
    except FileNotFoundError:
        return 0.0


def _was_read(handle: int) -> bool:
    """Whether anybody read an open file; yes where the file system does not tell (mount(8), noatime)."""
    if os.fstat(handle).st_atime != UNREAD:
        return True
    os.pread(handle, 1, 0)
    return os.fstat(handle).st_atime == UNREAD


def _with_userdb(line: bytes) -> bytes:
    """The line with uid, gid and home as extra fields, where `userdb { driver = prefetch }` finds them."""
    parts = line.split(b":", 7)
    if len(parts) < 8:
        return line
    extra = b"userdb_uid=%b userdb_gid=%b userdb_home=%b %b" % (parts[2], parts[3], parts[5], parts[7])
    return b":".join([*parts[:7], extra.rstrip()])
