"""Announce changed accounts to Dovecot at once, each in files of its own for a moment.

Dovecot looks at its passwd-file once in each clock second: while others log in all the time, an account that
was just added is unknown for the rest of that second, and one that was deleted still gets in. A path that
names the user (`%Lu`) is another file for each user, which nobody asked for in this second, so it is read.
`FRESH` has the new lines, which Dovecot asks first; who is named in `STALE` is not looked for in the
passwd-file any more. Once Dovecot must have seen that itself, the files go again.
"""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from agent.files.staged import Staged
from agent.log import log
from services.dovecot.announced_files import MASTER, AnnouncedFiles, is_file_name
from services.dovecot.mail_folders import MailFolders
from wire.manifest import Action, Entry

USERDB = "etc/dovecot/userdb"
KINDS = {USERDB: "", "etc/dovecot/masterdb": MASTER}
"""Passwd-files, and what ends the names of the files of those who are in them."""
MOST = 100
"""Accounts of one release; nobody waits for a larger change at the prompt."""
SECONDS = 2.0
"""How long a file stays once the outcome is told: Dovecot sees the passwd-file after one."""


class NewAccounts:
    """Who changed on a node. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._files = AnnouncedFiles(root)
        self._folders = MailFolders(root, USERDB)
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def announce(self, staged: Sequence[Staged]) -> None:
        """Make files for what staged passwd-files say and the live ones do not, before they are installed.

        Raises nothing: what cannot be announced counts a second later.
        """
        self._folders.expect(())
        for each in staged:
            if each.entry.path in KINDS:
                with self._lock:
                    try:
                        self._announce(each)
                    except OSError as error:
                        self._doubt(error)

    def settle(self) -> None:
        """Return when nobody gets in any more by what was installed before: at once, or after this second.

        New accounts have their folders then. What is announced goes two seconds later, also that of an agent
        that was killed.
        """
        self._folders.make()
        with self._lock:
            left = self._files.left()
        if left > 0:
            time.sleep(left)
        with self._lock:
            if self._timer is None and self._files.names():
                self._timer = threading.Timer(SECONDS, self._expire)
                self._timer.daemon = True
                self._timer.start()

    def correct(self, root: Path, targets: Collection[Path]) -> None:
        """Make the files say what these passwd-files do, after those of a failed attempt were undone.

        Dovecot may have seen either. Raises nothing.
        """
        with self._lock:
            self._stop_timer()
            for path, kind in KINDS.items():
                if root / path in targets:
                    try:
                        self._correct(root / path, kind)
                    except OSError as error:
                        self._doubt(error)

    def _correct(self, target: Path, kind: str) -> None:
        names = {name for name in self._files.names() if name.endswith(MASTER) == bool(kind)}
        if not names:  # too many changes, or none
            self._files.doubt()
            return
        seen = target.stat()
        owner = f"{seen.st_uid}:{seen.st_gid}"
        like = Entry(target.name, (), Action.NONE, stat.S_IMODE(seen.st_mode), owner)
        lines = {_name(line) + kind: line for line in target.read_bytes().splitlines()}
        for name in names:
            if name in lines:
                self._files.tell(name, lines[name], like)
            else:
                self._files.forget(name)
            self._files.deny(name, like)

    def _announce(self, staged: Staged) -> None:
        entry = staged.entry
        if not staged.target.exists():
            if entry.path == USERDB:
                self._folders.expect_all()
            return
        regions = staged.differing()
        before = {line for region in regions for line in region.before.splitlines()}
        after = {line for region in regions for line in region.after.splitlines()}
        kind = KINDS[entry.path]
        if entry.path == USERDB:
            self._folders.expect(after - before)
        new = {_name(line) + kind: line for line in after - before}
        old = {_name(line) + kind for line in before - after}
        if not new and not old:
            return
        self._stop_timer()
        if len(old | new.keys()) > MOST:
            if old or self._files.names():
                self._files.doubt()
            self._files.remove()
            return
        if not all(map(is_file_name, old)):
            self._files.doubt()
        for name in filter(is_file_name, old - new.keys()):
            self._files.forget(name)
        for name in filter(is_file_name, new):
            self._files.tell(name, new[name], entry)
        for name in filter(is_file_name, old):
            self._files.deny(name, entry)

    def _expire(self) -> None:
        with self._lock:
            if threading.current_thread() is self._timer:  # and not one that was stopped too late
                self._timer = None
                self._files.remove()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _doubt(self, error: OSError) -> None:
        self._files.doubt()
        log.warning("changed accounts are known a second later", reason=error)


def _name(line: bytes) -> str:
    return line.partition(b":")[0].decode("utf-8", "surrogateescape").lower()
