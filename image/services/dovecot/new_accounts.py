"""Announce new and changed accounts to Dovecot at once, each in a file of its own for a moment.

Dovecot looks at its passwd-file once in each clock second: while others log in all the time, an account that
was just added is unknown for the rest of that second. A path that names the user (`%Lu`) is another file for
each user, which nobody asked for in this second, so it is read. Once Dovecot must have seen the
passwd-file itself, the files go again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from agent.files import staging
from agent.log import log
from agent.paths import ASIDE
from wire.manifest import Entry

USERDB = "etc/dovecot/userdb"
FOLDER = "run/mail-fresh"
"""Where Dovecot looks for them first (its passdb and userdb of conf.d)."""
MOST = 100
"""Accounts of one release; nobody waits for a larger change at the prompt."""
SECONDS = 2.0
"""How long a file stays: Dovecot sees the passwd-file after one."""


class NewAccounts:
    """The files of one folder below `root`, which holds nothing else. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._lines: dict[str, bytes] = {}
        self._second = 0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def announce(self, root: Path, write: Iterable[Entry]) -> None:
        """Make files for what a staged userdb says and the live one does not; called before it is installed.

        Raises nothing: an account that cannot be announced is known a second later.
        """
        for entry in write:
            if entry.path == USERDB:
                try:
                    self._announce(root / USERDB, entry)
                except OSError as error:
                    log.warning("new accounts are known a second later", reason=error)

    def clear(self) -> None:
        """Remove every file, also those of an agent that was killed."""
        with self._lock:
            self._stop_timer()
            self._lines.clear()
            with contextlib.suppress(OSError):
                for path in self._folder.iterdir():
                    path.unlink()

    def _announce(self, target: Path, entry: Entry) -> None:
        live = target.read_bytes() if target.exists() else None
        lines = dict.fromkeys(staging.beside(target, ASIDE).read_bytes().splitlines())
        with self._lock:
            # First what no longer holds goes: a removed account, a password that is no more.
            for name in self._lines.keys() - {_name(line) for line in self._lines.values() if line in lines}:
                self._forget(name)
            if live is None:
                return
            before = set(live.splitlines())
            new = [line for line in lines if line not in before]
            if not new or len(new) > MOST:
                return
            for line in new:
                self._write(_name(line), line, entry)
            self._stop_timer()
            self._timer = threading.Timer(SECONDS, self.clear)
            self._timer.daemon = True
            self._timer.start()

    def _write(self, name: str, line: bytes, entry: Entry) -> None:
        if not name or "/" in name or name.startswith("."):
            return
        if not self._folder.is_dir():
            self._folder.mkdir(0o750)
            if os.geteuid() == 0:
                os.chown(self._folder, *staging.owner_ids(entry.owner))
        path = staging.stage(self._folder, replace(entry, path=name), _with_userdb(line) + b"\n")
        # As for the passwd-file itself: a time in seconds that Dovecot has not seen at this name before.
        self._second = max(int(time.time()), self._second + 1)
        os.utime(path, (self._second, self._second))
        path.replace(self._folder / name)
        self._lines[name] = line

    def _forget(self, name: str) -> None:
        del self._lines[name]
        (self._folder / name).unlink(missing_ok=True)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _name(line: bytes) -> str:
    return line.partition(b":")[0].decode("utf-8", "surrogateescape").lower()


def _with_userdb(line: bytes) -> bytes:
    """The line with uid, gid and home as extra fields, where `userdb { driver = prefetch }` finds them."""
    parts = line.split(b":", 7)
    if len(parts) < 8:
        return line
    extra = b"userdb_uid=%b userdb_gid=%b userdb_home=%b %b" % (parts[2], parts[3], parts[5], parts[7])
    return b":".join([*parts[:7], extra.rstrip()])
