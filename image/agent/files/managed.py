"""Compare managed files on disk with the applied release (drift)."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from agent.files.staging import product
from wire.blobs import blob_id
from wire.config_folder import below_config
from wire.manifest import Compile, Entry
from wire.parts import folder_id, in_sizes

Stamp = tuple[int, int, int, int]
"""Size, change time and inode, time of status change: when these are the same, so is the content."""


def stamp_of(found: os.stat_result) -> Stamp:
    """The stamp of a file by its status."""
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def fingerprint_of(mode: int, blob: str) -> str:
    """The form of `ManagedFiles.fingerprint`: "0644 1f7a…"."""
    return f"{mode:04o} {blob}"


class ManagedFiles:
    """Remembers the stamps of files that were right, so that looking again costs a stat(2)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._right: dict[str, tuple[str, Stamp]] = {}
        self._prints: dict[str, tuple[Stamp, str]] = {}

    def fingerprint(self, path: str) -> str:
        """Mode and blob id of a managed path on disk: "0644 1f7a…"; "" where there is no regular file."""
        target = self.root / path
        try:
            found = target.lstat()
            stamp = stamp_of(found)
            known = self._prints.get(path)
            if known is None or known[0] != stamp:
                if not stat.S_ISREG(found.st_mode):
                    return ""
                known = stamp, fingerprint_of(found.st_mode & 0o777, blob_id(target.read_bytes()))
                self._prints[path] = known
        except OSError:
            return ""
        return known[1]

    def matches(self, entry: Entry, wanted: str) -> bool:
        """Whether the file on disk has the blob id `wanted` and its mode, and its product is there."""
        target = self.root / entry.path
        try:
            found = target.lstat()
            stamp = stamp_of(found)
            if entry.compile and not product(target, entry.compile).exists():
                return False
            if self._right.get(entry.path) == (wanted, stamp):
                return True
            if target.is_symlink() or found.st_mode & 0o777 != entry.mode:
                return False
            if not _holds(target, entry, wanted):
                return False
        except OSError:
            return False
        self._right[entry.path] = (wanted, stamp)
        return True

    def right_stamp(self, entry: Entry, wanted: str) -> Stamp | None:
        """The stamp of the file on disk where it is known, without a look into it, to hold `wanted`."""
        try:
            stamp = stamp_of((self.root / entry.path).lstat())
        except OSError:
            return None
        return stamp if self._right.get(entry.path) == (wanted, stamp) else None

    def learn(self, path: str, wanted: str, staged: os.stat_result) -> None:
        """A file that was written with the content `wanted`, and looked like this, was put in its place."""
        if not wanted:  # unknown content
            return
        with contextlib.suppress(OSError):
            found = (self.root / path).lstat()
            if stamp_of(found)[:3] == stamp_of(staged)[:3]:  # a rename changes the time of status change
                self._right[path] = (wanted, stamp_of(found))

    def forget(self, paths: Iterable[str]) -> None:
        """Forget the stamps of these files, so that they are read again."""
        for path in paths:
            self._right.pop(path, None)


def _holds(target: Path, entry: Entry, wanted: str) -> bool:
    """Whether a file has this content. Raises OSError."""
    if not entry.parts or wanted != entry.identity:
        return blob_id(target.read_bytes()) == wanted
    sizes = [part.size for part in entry.parts]
    if target.stat().st_size != sum(sizes):
        return False
    return folder_id(in_sizes(target.read_bytes(), sizes).ids) == wanted


def mount_points(root: Path, text: str | None = None) -> set[str]:
    """Paths below `root`, without leading slash, that something is mounted on (proc(5), mountinfo).

    An empty file system in memory is scratch space, which holds no configuration.
    """
    if text is None:
        try:
            text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return set()
    rows = [line.split() for line in text.splitlines()]
    used = (
        row for row in rows if not (row[3] == "/" and "tmpfs" in row[6:] and "ro" not in row[5].split(","))
    )
    places = {row[4].encode().decode("unicode_escape") for row in used}
    prefix = str(root).rstrip("/") + "/"
    return {place.removeprefix(prefix) for place in places if place.startswith(prefix)}


def pinned(root: Path, entries: Iterable[Entry], mounts: set[str]) -> set[str]:
    """Managed paths that cannot be written: mounted over, in a mounted folder, or in a read-only one.

    The config volume is mounted, and is written all the same.
    """
    found = set()
    read_only: dict[Path, bool] = {}
    for entry in entries:
        if below_config(entry.path):
            continue
        target = Path(entry.path)
        folder = (root / entry.path).parent
        if folder not in read_only:
            read_only[folder] = _read_only(folder)
        covered = [entry.path, *(parent.as_posix() for parent in target.parents)]
        if entry.compile == Compile.ZONE:
            covered.append(product(target, entry.compile).as_posix())
        if read_only[folder] or not mounts.isdisjoint(covered):
            found.add(entry.path)
    return found


def _read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except FileNotFoundError:
        return False
