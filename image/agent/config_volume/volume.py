"""The config volume: `config/` of `main` is projected onto it, and edits made there go to the daemon.

A file is an edit when its content is neither what was projected nor what `main` says; so the agent's own
writes never come back as edits, whatever order events arrive in.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import stat
import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from agent.config_volume.files import VolumeFiles
from agent.config_volume.projection import LARGEST, READ_ONLY, Writer, is_emptied, project, remove, save
from agent.config_volume.replaced import ReplacedFiles
from agent.config_volume.strokes import Strokes, takes_away
from agent.daemon_client import DaemonClient
from agent.errors import AgentError, NotFound
from agent.files import beneath
from agent.log import log
from agent.records.checksummed import Records, has
from agent.records.findings import Findings
from agent.release.git_objects import SYMLINK_MODE, ObjectReader
from wire.blobs import blob_id
from wire.private_keys import find_pem

CLEAR_KEY = "holds a private key in the clear: it stays here and is not recorded"
REFUSED = ".rej"
SET_ASIDE = "; it is kept as {}, since a service reads this file as it is there"
_is_projection = has({"main": str, "files": dict, "held": list})
FAR = 100
"""Commits of main that may come between the begin of an apply and its end."""


class Volume:
    """The folder, what was last projected onto it, and what became of edits."""

    def __init__(
        self,
        folder: Path,
        record: Path,
        link: DaemonClient,
        findings: Findings | None = None,
        opened: Callable[[], ObjectReader] | None = None,
    ) -> None:
        self.folder, self.record, self.daemon = folder, record, link
        self._findings = Findings(record.parent) if findings is None else findings
        known, self._damage = Records(record.parent, self._findings).read(record.name, _is_projection)
        self.forgotten = known is None
        """Whether there is no record of what was projected."""
        known = known or {}
        self.projected: dict[str, str] = known.get("files", {})
        self.refused: dict[str, str] = {}
        self.note = ""
        self.main = str(known.get("main", ""))
        self.stale = False
        """Whether `main` has to be projected once more although it stayed: a file gives way to it."""
        self._held: set[str] = set(known.get("held", ()))
        """Paths that the last projection left alone, since an edit stood there."""
        self._tables: dict[str, str] = known.get("tables", {})
        """Compiled tables by path, with their blob ids."""
        self._taken_in = ""
        self._on_main: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        """A report and a projection at once would each take the other's half for somebody's edit."""
        self._sent: dict[str, str] = {}
        self.placed: Callable[[], Mapping[str, tuple[str, bool]]] = dict
        """What the release that serves says of files here, whatever `main` says: blob id, executable."""
        self.rewritten: set[str] = set()
        """Those of these files that were written apart from an apply: their readers may have missed them."""
        self._files = VolumeFiles(folder)
        self._replaced = ReplacedFiles()
        self._opened = opened
        """Reads the state repository, for what a file was before an edit."""
        self._strokes = Strokes()

    @property
    def until(self) -> float:
        """When an edit that waits for its last stroke may be over, by the monotonic clock."""
        return self._strokes.until

    def project(self, objects: ObjectReader, main: str) -> None:
        """Write what changed on `main` to the volume. A volume that cannot be written is left alone."""
        with self._lock:
            self._project(objects, main)

    def follow(self, objects: ObjectReader, main: str) -> None:
        """The same where nobody waits: a failure is logged, and made up for by the next projection."""
        try:
            self.project(objects, main)
        except (AgentError, OSError) as error:
            log.warning("config volume not written", reason=error)

    def _project(self, objects: ObjectReader, main: str) -> None:
        main = self._newest(objects, main)
        wanted = {
            path: (oid, mode == "100755")
            for path, mode, oid in objects.walk(f"{main}:config")
            if mode != SYMLINK_MODE
        }
        self._on_main = frozenset(wanted)
        placed, before = self.placed(), dict(self.projected)
        for path, row in placed.items():
            # Unless somebody's edit is on its way to be served: then what is there is what `main` says.
            if self.projected.get(path) != wanted.get(path, ("", False))[0]:
                wanted[path] = row
        self.note, self._held = project(self.folder, objects, wanted, self.projected, self._replaced)
        self.rewritten |= {path for path in placed if self.projected.get(path) != before.get(path)}
        self.main, self.stale = main, False
        self._sent = {path: oid for path, oid in self._sent.items() if self.projected.get(path, "") != oid}
        self.forgotten = False
        self._sweep_tables(wanted)
        save(self.record, main, self.projected, self._held, self._tables)

    def place(
        self,
        wanted: Mapping[str, tuple[str, bool]],
        read: Callable[[str], bytes],
        tables: Mapping[str, bytes],
    ) -> list[str]:
        """Write files of a release, missing ones too; returns those that an edit keeps from it.

        `read` gives the content of a path, `tables` are compiled files by path. Raises OSError.
        """
        with self._lock:
            self._look_whether_emptied()
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            edited = []
            for path, (oid, executable) in wanted.items():
                writer = Writer(partial(read, path), self.projected.get(path, ""), self._replaced)
                if writer.write(self.folder, path, oid, executable):
                    self.projected[path] = oid
                else:
                    edited.append(path)
            for path, content in tables.items():  # after their sources, which postmap(1)'s readers compare
                self._put_table(path, content)
                self._tables[path] = blob_id(content)
            if not self.forgotten:
                save(self.record, self.main, self.projected, self._held, self._tables)
        return edited

    def _put_table(self, path: str, content: bytes) -> None:
        """Write a compiled table; on a read-only volume the one that is there has to do. Raises OSError."""
        try:
            with beneath.folder_of(self.folder, path, make=True) as (handle, name):
                beneath.replace(handle, name, content, 0o644)
        except OSError as error:
            if error.errno not in READ_ONLY or not self._is_there(path):
                raise

    def _sweep_tables(self, sources: Container[str]) -> None:
        """Remove compiled tables whose source is gone."""
        for path in [path for path in self._tables if path.rpartition(".")[0] not in sources]:
            with contextlib.suppress(OSError):
                remove(self.folder, path, self._tables.pop(path))

    def _look_whether_emptied(self) -> None:
        """An emptied folder was lost: nothing in it was removed, and all of it is written again."""
        if self.projected and is_emptied(self.folder, self.projected):
            self.projected.clear()
            self.stale = True

    def remember(self, objects: ObjectReader, main: str) -> None:
        """Restore the lost record from the commit of `main` that the release which serves came with.

        Otherwise an older file on the volume would be taken for an edit, and undo later changes of it.
        A file that the volume lacks counts as not projected, not as removed.
        """
        with self._lock:
            files = {path: oid for path, mode, oid in objects.walk(f"{main}:config") if mode != SYMLINK_MODE}
            self.projected = {path: oid for path, oid in files.items() if self._is_there(path)}
            self.main, self.forgotten = main, False
            self.stale = len(self.projected) < len(files)
        what = f"damaged ({self._damage})" if self._damage else "lost"
        self._findings.mended("agent", f"projection.json was {what}: taken from `main` as it served")

    def _newest(self, objects: ObjectReader, main: str) -> str:
        """The commit to project: `main`, or a later one with edits from here, which `main` would undo."""
        at = self._taken_in
        for _ in range(FAR):
            if at in ("", main):
                break
            at = next(iter(re.findall(rb"^parent (\w+)$", objects.read(at)[2], re.MULTILINE)), b"").decode()
        return self._taken_in if at == main else main

    def report(self, patient: bool = False) -> bool:
        """Send edits to the daemon. Returns False where it could not be reached.

        With `patient` one that takes entries away waits until it is over (`until`).
        """
        with self._lock:
            return self._report(patient)

    def _report(self, patient: bool) -> bool:
        if not self.folder.is_dir() and not self._made_again():
            return True
        if not self._report_late():
            return False
        changes = self._changes(patient)
        if not changes:
            return True
        try:
            answer = self.daemon.ask("agent.volume", changes=changes)
        except AgentError as error:
            log.warning("edits not taken", files=len(changes), reason=error)
            for change in changes:
                self._sent.pop(change["path"], None)
            return False
        self._settle(changes, {row["path"]: row["reason"] for row in answer.get("refused", [])})
        self._taken_in = str(answer.get("main") or "")
        for path in answer.get("overruled", ()):
            # as if it had been projected: then the next projection replaces it
            self.projected[path], self.stale = self._sent[path], True
        return True

    def _made_again(self) -> bool:
        """Whether the folder, which somebody removed, is there again."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o755)
            return True
        return False

    def _report_late(self) -> bool:
        """Send what somebody wrote to files that were being replaced; whether that worked."""
        edits = [edit for edit in self._replaced.edits(LARGEST) if not find_pem(edit.content)]
        if edits:
            try:
                answer = self.daemon.ask("agent.volume", changes=[_change(*astuple(e)) for e in edits])
            except AgentError as error:
                log.warning("edits not taken", files=len(edits), reason=error)
                return False
            self._taken_in = str(answer.get("main") or "")
            log.info("edits of replaced files sent", files=len(edits), refused=len(answer.get("refused", ())))
        self._replaced.forget()
        return True

    def _settle(self, changes: list[dict[str, Any]], refused: dict[str, str]) -> None:
        """Record which of the changes that were sent are on `main`, and which were refused."""
        known = {change["path"]: self.refused.pop(change["path"], "") for change in changes}
        again = {change["path"] for change in changes if change.get("again")}
        for path in known:
            if path not in refused:
                self._taken(path)
            elif not self._sent[path]:
                # `main` keeps the file, so there is nothing to be mended here: it comes back.
                self.projected.pop(path, None)
                self.stale = True
        log.info("edits sent", files=len(changes), refused=len(refused))
        for path, reason in refused.items():
            self.refused[path] = reason
            if path in again and reason == known[path]:
                continue
            log.error("edit refused", path=path, reason=reason + self._set_aside(path))

    def _set_aside(self, path: str) -> str:
        """Move a refused text away from where a service would read it unchecked; says so."""
        if path not in self.placed() or not self._sent[path]:
            return ""
        try:
            content, _ = beneath.read(self.folder, path, LARGEST)
            with beneath.folder_of(self.folder, path + REFUSED) as (handle, name):
                beneath.replace(handle, name, content, 0o644)
        except OSError as error:
            log.warning("not set aside", path=path, reason=error)
            return ""
        # as if it had been projected: then the next projection replaces it
        self.projected[path], self.stale = blob_id(content), True
        return SET_ASIDE.format(path + REFUSED)

    def _taken(self, path: str) -> None:
        """Note that `main` has this edit: a projection may replace it, and the next edit starts from it."""
        self._held.discard(path)
        if oid := self._sent[path]:
            self.projected[path] = oid
        else:
            self.projected.pop(path, None)

    def _changes(self, patient: bool) -> list[dict[str, Any]]:
        self._look_whether_emptied()
        found = self._files.look(self.projected.keys() | self._on_main)
        gone = self.projected.keys() - found.keys() if found else set()
        # What is there but could not be read is not gone.
        missing = {path for path in gone if not self._is_there(path)}
        differing = {p: oid for p, oid in found.items() if oid != self.projected.get(p, "")}
        differing |= dict.fromkeys(missing, "")
        waiting = {p for p, oid in differing.items() if patient and self._waits(p, oid)}
        self._strokes.keep(waiting)
        changes = [self._change(p, None) for p in sorted(missing - waiting) if self._is_new(p, "")]
        for path, oid in sorted(found.items()):
            if path not in differing:
                self.refused.pop(path, None)
                self._sent.pop(path, None)
            elif path not in waiting and self._is_new(path, oid) and (change := self._edit(path)) is not None:
                changes.append(change)
        for path, reason in self._files.passed.items():
            self._pass(path, reason)
        for path in self.refused.keys() - found.keys() - missing - self._files.passed.keys():
            del self.refused[path]
        self._release_held(found)
        return changes + self._once_more(changes, found)

    def _once_more(self, changes: list[dict[str, Any]], found: dict[str, str]) -> list[dict[str, Any]]:
        """Edits that were refused, to go along with others: those may bring what was missing."""
        sent = {change["path"] for change in changes}
        again = sorted(
            path for path in self.refused.keys() - sent if self._sent.get(path) == found.get(path, "")
        )
        edits = [self._edit(path) for path in again] if changes else []
        return [{**edit, "again": True} for edit in edits if edit is not None]

    def _release_held(self, found: dict[str, str]) -> None:
        """Project the files again that were kept back for an edit which somebody has undone since."""
        for path in sorted(self._held):
            there = found.get(path) or ("unreadable" if self._is_there(path) else "")
            if there == self.projected.get(path, ""):
                self._held.discard(path)
                self.stale = True

    def _is_there(self, path: str) -> bool:
        return os.path.lexists(self.folder / path)

    def _waits(self, path: str, oid: str) -> bool:
        """Whether a content is not to be sent yet, since it may be a stroke of an edit that goes on."""
        if self._sent.get(path) == oid or not self.projected.get(path):
            return False
        begun = self._strokes.waits(path) or self._takes_away(path, oid)
        return begun and not self._strokes.is_over(path, oid)

    def _takes_away(self, path: str, oid: str) -> bool:
        if not oid or self._opened is None:
            return True
        try:
            new, _ = beneath.read(self.folder, beneath.resolve(self.folder, path), LARGEST)
            with self._opened() as objects:
                return takes_away(self._before(objects, path), new)
        except (AgentError, OSError):
            return True  # then it is not known

    def _before(self, objects: ObjectReader, path: str) -> bytes:
        """What was projected. A text with passwords in the clear was never kept: `main` is it then."""
        try:
            return objects.blob(self.projected[path])
        except NotFound:
            return objects.blob(f"{self.main}:config/{path}")

    def _is_new(self, path: str, oid: str) -> bool:
        """Whether this content was not sent yet; notes it as sent."""
        if self._sent.get(path) == oid:
            return False
        self._sent[path] = oid
        return True

    def _edit(self, path: str) -> dict[str, Any] | None:
        """The change to send for a file; None for one that may not leave the volume, or is gone by now."""
        try:
            content, found = beneath.read(self.folder, beneath.resolve(self.folder, path), LARGEST)
        except OSError as error:
            self._sent.pop(path, None)
            if not isinstance(error, FileNotFoundError):
                self._pass(path, f"cannot be read: {error.strerror}")
            return None
        if find_pem(content):  # everything else the daemon judges, as it does a push
            self._pass(path, CLEAR_KEY, again=False)
            return None
        return self._change(path, content, bool(found.st_mode & stat.S_IXUSR))

    def _change(self, path: str, content: bytes | None, executable: bool = False) -> dict[str, Any]:
        return _change(path, content, executable, self.projected.get(path, ""))

    def _pass(self, path: str, reason: str, again: bool = True) -> None:
        """Leave a file out, and log it once. `again`: check it again the next time, even if unchanged."""
        if again:
            self._sent.pop(path, None)
        if self.refused.get(path) != reason:
            self.refused[path] = reason
            log.warning("file passed over", path=path, reason=reason)


def _change(path: str, content: bytes | None, executable: bool, base: str) -> dict[str, Any]:
    """An edit as the daemon takes it."""
    encoded = None if content is None else base64.b64encode(content).decode()
    return {"path": path, "content": encoded, "executable": executable, "base": base}
