"""inotify(7) through ctypes: a watch costs nothing while nothing changes."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import select
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from agent.log import log

# sys/inotify.h
CLOSE_WRITE, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x8, 0x4, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, OVERFLOW, IGNORED, ISDIR = 0x400, 0x800, 0x4000, 0x8000, 0x40000000
ONLYDIR, DONT_FOLLOW = 0x01000000, 0x02000000
MASK = CLOSE_WRITE | ATTRIB | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
HEADER = struct.Struct("iIII")
MOST_FOLDERS = 2000


class Watch:
    """Watches folders with everything below them. Use from one thread."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._places: dict[int, set[Path]] = {}
        """The kernel watches inodes: one may be known by several paths (bind mounts)."""
        self._deep: set[int] = set()
        """Watched with what will be below them."""
        self._complained = False

    def close(self) -> None:
        """Stop watching."""
        os.close(self._handle)
        os.close(self._wake)

    def wake(self) -> None:
        """End the wait of whoever waits for changes, or the next one. From any thread."""
        os.eventfd_write(self._wake, 1)

    def add(self, folder: Path, recursive: bool = True) -> None:
        """Watch a folder; one that does not exist is left out. Symlinks are never followed."""
        number = self._add(folder, MASK | ONLYDIR | DONT_FOLLOW)
        if number is not None and recursive:
            self._deep.add(number)
            for child in _folders(folder):
                self.add(child)

    def add_file(self, path: Path) -> None:
        """Watch a file itself: its folder gives no event for a file that is mounted by itself."""
        self._add(path, MASK | DONT_FOLLOW)

    def _add(self, path: Path, mask: int) -> int | None:
        if len(self._places) >= MOST_FOLDERS:
            self._complain(path, f"{MOST_FOLDERS} folders are watched already")
            return None
        number: int = self._libc.inotify_add_watch(self._handle, os.fsencode(path), ctypes.c_uint32(mask))
        if number < 0:
            number = ctypes.get_errno()
            if number not in (errno.ENOENT, errno.ENOTDIR):
                self._complain(path, os.strerror(number))  # ENOSPC: fs.inotify.max_user_watches
            return None
        self._places.setdefault(number, set()).add(path)
        return number

    def watches(self, folder: Path) -> bool:
        """Whether changes in a folder are seen now; not after it was removed."""
        return any(folder in places for places in list(self._places.values()))

    def _complain(self, folder: Path, reason: str) -> None:
        if not self._complained:
            self._complained = True
            log.warning("changes in some folders go unseen", first=folder, reason=reason)

    def changes(self, seconds: float | None) -> set[Path]:
        """Paths that changed; waits for the first at most `seconds` (None: for ever).

        Empty: nothing changed, or somebody called `wake`.
        """
        ready, _, _ = select.select([self._handle, self._wake], [], [], seconds)
        found: set[Path] = set()
        if self._wake in ready:
            os.eventfd_read(self._wake)
        if self._handle in ready:
            for number, mask, name in _events(self._handle):
                if mask & OVERFLOW:
                    found |= self._everything()
                    continue
                paths = {place / name if name else place for place in self._places.get(number, ())}
                if mask & IGNORED:
                    self._places.pop(number, None)
                    self._deep.discard(number)
                if number in self._deep and mask & ISDIR and mask & (CREATE | MOVED_TO):
                    for path in paths:
                        self.add(path)  # what is already inside is found by whoever looks at the path
                found |= paths
        return found

    def _everything(self) -> set[Path]:
        """All that is watched: events were lost, and with them perhaps new folders."""
        known = self._all()
        for folder in {place for number in self._deep for place in self._places.get(number, ())}:
            for child in _folders(folder):
                if child not in known:
                    self.add(child)
        return known | self._all()

    def _all(self) -> set[Path]:
        return {place for places in self._places.values() for place in places}

    def settle(self, quiet: float, longest: float, clock: Callable[[], float]) -> set[Path]:
        """Wait until `quiet` seconds pass without a change, at most `longest`; what changed meanwhile."""
        found: set[Path] = set()
        until = clock() + longest
        while clock() < until and (more := self.changes(quiet)):
            found |= more
        return found


def _folders(folder: Path) -> Iterable[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _events(handle: int) -> Iterator[tuple[int, int, str]]:
    try:
        buffer = os.read(handle, 64 * 1024)
    except BlockingIOError:
        return
    at = 0
    while at < len(buffer):
        number, mask, _cookie, length = HEADER.unpack_from(buffer, at)
        name = buffer[at + HEADER.size : at + HEADER.size + length].rstrip(b"\0")
        yield number, mask, os.fsdecode(name)
        at += HEADER.size + length
