"""The config volume: `config/` of `main` is projected onto it, and edits made there go to the daemon.

A file is an edit when its content is neither what was projected nor what `main` says; so the agent's own
writes never come back as edits, whatever order events arrive in.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent import beneath
from agent.atomic import read_json
from agent.disk import Stamp, blob_id
from agent.errors import AgentError
from agent.gitread import SYMLINK_MODE, Objects
from agent.link import Link
from agent.log import log
from agent.paths import ASIDE
from agent.projection import LARGEST, project, save

PRIVATE = b"PRIVATE KEY-----"
CERTIFICATES = "ssl/"
"""Where keys in the clear are at home: what lies there alone stays there, certificates too.

A rollback of `main` must not put an old certificate beside a key that it does not hold.
"""
UNSENT = (".swp", ".swx", ".swo", ".tmp", ".bak~", "~")
FAR = 100
"""Commits of main that may come between the begin of an apply and its end."""


class Volume:
    """The folder, what was last projected onto it, and what became of edits."""

    def __init__(self, folder: Path, record: Path, link: Link) -> None:
        self.folder, self.record, self.link = folder, record, link
        self.projected: dict[str, str] = (read_json(record) or {}).get("files", {})
        self.refused: dict[str, str] = {}
        self.note = ""
        self.main = str((read_json(record) or {}).get("main", ""))
        self.overruled = False
        """Whether the daemon keeps a file of its own that the volume has another content for."""
        self._taken_in = ""
        self._on_main: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        """A report and a projection at once would each take the other's half for somebody's edit."""
        self._sent: dict[str, str] = {}
        self._stamps: dict[str, tuple[Stamp, str]] = {}
        self._passed: set[str] = set()
        """Paths that the last look had to leave out, with their reason in `refused`."""

    def project(self, objects: Objects, main: str) -> None:
        """Write what changed on `main` to the volume. A volume that cannot be written is left alone."""
        with self._lock:
            self._project(objects, main)

    def _project(self, objects: Objects, main: str) -> None:
        main = self._newest(objects, main)
        wanted = {
            path: (oid, mode == "100755")
            for path, mode, oid in objects.walk(f"{main}:config")
            if mode != SYMLINK_MODE
        }
        self._on_main = frozenset(wanted)
        self.note = project(self.folder, objects, wanted, self.projected)
        self.main, self.overruled = main, False
        self._sent = {path: oid for path, oid in self._sent.items() if self.projected.get(path, "") != oid}
        save(self.record, main, self.projected)

    def _newest(self, objects: Objects, main: str) -> str:
        """`main`, or the later commit that has edits from here: an older one would undo them for a moment."""
        at = self._taken_in
        for _ in range(FAR):
            if at in ("", main):
                break
            at = next(iter(re.findall(rb"^parent (\w+)$", objects.read(at)[2], re.MULTILINE)), b"").decode()
        return self._taken_in if at == main else main

    def report(self) -> bool:
        """Send edits to the daemon; whether that worked (or nothing had to be sent)."""
        with self._lock:
            return self._report()

    def _report(self) -> bool:
        if not self.folder.is_dir():
            return True
        changes = self._changes()
        if not changes:
            return True
        try:
            answer = self.link.ask("agent.volume", changes=changes)
        except AgentError as error:
            log("edits not taken", files=len(changes), reason=error)
            for change in changes:
                self._sent.pop(change["path"], None)
            return False
        refused = {row["path"]: row["reason"] for row in answer.get("refused", [])}
        for change in changes:
            self.refused.pop(change["path"], None)
            if change["path"] not in refused:
                self._taken(change["path"])
        self.refused |= refused
        self._taken_in = str(answer.get("main") or "")
        for path in answer.get("overruled", ()):
            # as if it had been projected: then the next projection replaces it
            self.projected[path], self.overruled = self._sent[path], True
        log("edits sent", files=len(changes), refused=len(refused))
        return True

    def _taken(self, path: str) -> None:
        """`main` has this edit: what it makes of it may replace it, and the next edit starts from it."""
        if oid := self._sent[path]:
            self.projected[path] = oid
        else:
            self.projected.pop(path, None)

    def _changes(self) -> list[dict[str, Any]]:
        self._passed.clear()
        found = dict(self._files())
        gone = self.projected.keys() - found.keys() if found else set()
        # What is there but could not be read is not gone.
        missing = {path for path in gone if not os.path.lexists(self.folder / path)}
        changes = [
            self._change(path, None)
            for path in sorted(missing)
            if self._is_new(path, "") and not _unsent(path)
        ]
        for path, oid in sorted(found.items()):
            if oid == self.projected.get(path, ""):
                self.refused.pop(path, None)
                self._sent.pop(path, None)
            elif self._is_new(path, oid) and (change := self._edit(path)) is not None:
                changes.append(change)
        for path in self.refused.keys() - found.keys() - missing - self._passed:
            del self.refused[path]
        return changes

    def _is_new(self, path: str, oid: str) -> bool:
        """Whether this content was not sent before; it is from now on."""
        if self._sent.get(path) == oid:
            return False
        self._sent[path] = oid
        return True

    def _edit(self, path: str) -> dict[str, Any] | None:
        """The change that a file is; None for one that stays here, or that is gone again by now."""
        try:
            content, found = beneath.read(self.folder, path, LARGEST)
        except OSError as error:
            self._sent.pop(path, None)
            if not isinstance(error, FileNotFoundError):
                self.refused[path] = f"cannot be read: {error.strerror}"
            return None
        if PRIVATE in content:
            self.refused[path] = "holds a private key in the clear: it stays here and is not recorded"
            return None
        return self._change(path, content, bool(found.st_mode & stat.S_IXUSR))

    def _change(self, path: str, content: bytes | None, executable: bool = False) -> dict[str, Any]:
        return {
            "path": path,
            "content": None if content is None else base64.b64encode(content).decode(),
            "executable": executable,
            "base": self.projected.get(path, ""),
        }

    def _files(self) -> Iterator[tuple[str, str]]:
        """(path, blob id) of every regular file; symlinks are not followed, stamps save reading."""
        for folder, _folders, names, handle in os.fwalk(self.folder, follow_symlinks=False):
            for name in names:
                path = Path(folder, name).relative_to(self.folder).as_posix()
                try:
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                    if not (_unsent(path) or self._is_local(path)) and self._fits(path, found):
                        yield path, self._blob(path, handle, name, found)
                except OSError as error:
                    if not isinstance(error, FileNotFoundError):
                        self._pass(path, f"cannot be read: {error.strerror}")

    def _is_local(self, path: str) -> bool:
        known = path in self.projected or path in self._on_main
        return path.startswith(CERTIFICATES) and not known

    def _fits(self, path: str, found: os.stat_result) -> bool:
        if not stat.S_ISREG(found.st_mode):
            if path in self.projected:
                self._pass(path, "is no regular file: it is not read")
            return False
        if not path.isprintable():
            self._pass(path, "has a name that cannot be recorded")
        elif found.st_size > LARGEST:
            self._pass(path, f"is larger than {LARGEST // 1024 // 1024} MiB")
        return path not in self._passed

    def _pass(self, path: str, reason: str) -> None:
        self._passed.add(path)
        self.refused[path] = reason

    def _blob(self, path: str, folder: int, name: str, found: os.stat_result) -> str:
        known = self._stamps.get(path)
        if known is None or known[0] != _stamp(found):
            content, found = beneath.read_in(folder, name, LARGEST)
            known = self._stamps[path] = (_stamp(found), blob_id(content))
        return known[1]


def _stamp(found: os.stat_result) -> Stamp:
    return (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def _unsent(path: str) -> bool:
    """Editors' and our own left-overs."""
    name = path.rpartition("/")[2]
    return name.startswith((".", ASIDE)) or name.endswith(UNSENT) or name == "4913"  # vim's test of a folder
