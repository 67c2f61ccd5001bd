"""Announce changed accounts to Dovecot at once, each in files of its own for a moment.

Dovecot looks at its passwd-file once in each clock second: while others log in all the time, an account that
was just added is unknown for the rest of that second, and one that was deleted still gets in. A path that
names the user (`%Lu`) is another file for each user, which nobody asked for in this second, so it is read.
`FRESH` has the new lines, which Dovecot asks first; who is named in `STALE` is not looked for in the
passwd-file any more. Once Dovecot must have seen that itself, the files go again.
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
from wire.common_ends import differing_lines
from wire.manifest import Entry

USERDB = "etc/dovecot/userdb"
MASTER = "*master"
"""Ends the name of a master's file, as that of no address can end."""
KINDS = {USERDB: "", "etc/dovecot/masterdb": MASTER}
"""Passwd-files, and what ends the names of the files of those who are in them."""
FRESH = "run/mail-fresh"
STALE = "run/mail-stale"
"""Where Dovecot looks (its passdb and userdb of conf.d)."""
MOST = 100
"""Accounts of one release; nobody waits for a larger change at the prompt."""
SECONDS = 2.0
"""How long a file stays: Dovecot sees the passwd-file after one."""
UNREAD = 0
"""A time of access that no file has by itself."""


class NewAccounts:
    """The files of two folders below `root`, which hold nothing else. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._fresh, self._stale = root / FRESH, root / STALE
        self._lines: dict[str, bytes] = {}
        self._mark = 0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._remembers = _is_young(self._fresh) or _is_young(self._stale)
        """Whether Dovecot may know something, for the rest of this second, that no file says any more."""

    def announce(self, root: Path, write: Iterable[Entry]) -> None:
        """Make files for what staged passwd-files say and the live ones do not, before they are installed.

        Raises nothing: what cannot be announced counts a second later.
        """
        for entry in write:
            if entry.path in KINDS:
                try:
                    self._announce(root / entry.path, entry)
                except OSError as error:
                    self._remembers = True
                    log.warning("changed accounts are known a second later", reason=error)

    def settle(self) -> None:
        """Return when nobody gets in any more by what was installed before: at once, or after this second."""
        if self._remembers:
            time.sleep(1 - time.time() % 1)
            self._remembers = False

    def clear(self) -> None:
        """Remove every file, also those of an agent that was killed."""
        with self._lock:
            self._withdraw()

    def _withdraw(self) -> None:
        self._stop_timer()
        self._lines.clear()
        for folder in (self._stale, self._fresh):  # in between, who has a new line still gets in by it
            with contextlib.suppress(OSError):
                for path in folder.iterdir():
                    path.unlink()

    def _announce(self, target: Path, entry: Entry) -> None:
        if not target.exists():
            return
        live, staged = target.read_bytes(), staging.beside(target, ASIDE).read_bytes()
        before, after = (set(text.splitlines()) for text in differing_lines(live, staged)[:2])
        kind = KINDS[entry.path]
        new = {_name(line) + kind: line for line in after - before}
        old = {_name(line) + kind for line in before - after}
        with self._lock:
            if not new and not old:
                return
            if len(old | new.keys()) > MOST:
                self._remembers = self._remembers or bool(old or self._lines)
                self._withdraw()
                return
            for name in old - new.keys():
                self._forget(name)
            for name, line in new.items():
                self._write(name, line, entry)
            for name in old:
                self._deny(name, entry)
            self._stop_timer()
            self._timer = threading.Timer(SECONDS, self.clear)
            self._timer.daemon = True
            self._timer.start()

    def _write(self, name: str, line: bytes, entry: Entry) -> None:
        if _is_file_name(name):
            self._forget(name, (line if name.endswith(MASTER) else _with_userdb(line)) + b"\n", entry)
            self._lines[name] = line

    def _forget(self, name: str, content: bytes = b"", entry: Entry | None = None) -> None:
        """Replace an account's fresh file, or remove it."""
        path = self._fresh / name
        with contextlib.ExitStack() as stack:
            replaced = stack.enter_context(path.open("rb")) if self._lines.pop(name, None) else None
            if entry:
                self._place(path, content, entry)
            else:
                path.unlink(missing_ok=True)
            if replaced and _was_read(replaced.fileno()):
                self._remembers = True

    def _deny(self, name: str, entry: Entry) -> None:
        """Keep Dovecot from what it may remember of an account in its passwd-file."""
        if _is_file_name(name):
            # Found without a password, which that passdb turns into a failure.
            line = f"{name.removesuffix(MASTER)}:::::::nopassword\n"
            self._place(self._stale / name, line.encode("utf-8", "surrogateescape"), entry)
        else:
            self._remembers = True

    def _place(self, path: Path, content: bytes, entry: Entry) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(0o750)
            if os.geteuid() == 0:
                os.chown(path.parent, *staging.owner_ids(entry.owner))
        aside = staging.stage(path.parent, replace(entry, path=path.name), content)
        # Dovecot knows a file by size and seconds, also one of an agent that was killed: so these count
        # milliseconds, and never come again.
        self._mark = max(time.time_ns() // 1_000_000 % 2**31, self._mark + 1)
        os.utime(aside, (UNREAD, self._mark))
        aside.replace(path)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _is_young(folder: Path) -> bool:
    """Whether something was placed or removed there in this second."""
    try:
        return folder.stat().st_mtime >= int(time.time())
    except FileNotFoundError:
        return False


def _was_read(handle: int) -> bool:
    """Whether anybody read an open file; yes where the file system does not tell (mount(8), noatime)."""
    if os.fstat(handle).st_atime != UNREAD:
        return True
    os.pread(handle, 1, 0)
    return os.fstat(handle).st_atime == UNREAD


def _is_file_name(name: str) -> bool:
    return bool(name) and "/" not in name and not name.startswith(".")


def _name(line: bytes) -> str:
    return line.partition(b":")[0].decode("utf-8", "surrogateescape").lower()


def _with_userdb(line: bytes) -> bytes:
    """The line with uid, gid and home as extra fields, where `userdb { driver = prefetch }` finds them."""
    parts = line.split(b":", 7)
    if len(parts) < 8:
        return line
    extra = b"userdb_uid=%b userdb_gid=%b userdb_home=%b %b" % (parts[2], parts[3], parts[5], parts[7])
    return b":".join([*parts[:7], extra.rstrip()])
