"""Files of the volume that a projection has just replaced, kept open for a moment.

Somebody who opened one before may write to it after: what lands there is an edit like any other, although no
path leads to it any more.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from agent.files import beneath
from agent.files.managed import Stamp, stamp_of
from wire.blobs import blob_id

MOST = 64
"""Files that are kept open at a time; the oldest gives way."""


@dataclass(slots=True)
class OpenFile:
    """A regular file as it was when it was read: `blob` is the id of its content."""

    handle: int
    stamp: Stamp
    blob: str

    def is_unchanged(self) -> bool:
        """Whether nobody wrote to it since, whatever its name is now."""
        return stamp_of(os.fstat(self.handle))[:2] == self.stamp[:2]

    def close(self) -> None:
        """Let it go."""
        with contextlib.suppress(OSError):
            os.close(self.handle)


def open_file(folder: int, name: str, most: int) -> OpenFile:
    """A regular file of an open folder, read. Raises OSError, Unsuitable."""
    handle = beneath.open_in(folder, name)
    try:
        content, found = beneath.read_open(handle, name, most)
    except OSError:
        os.close(handle)
        raise
    return OpenFile(handle, stamp_of(found), blob_id(content))


@dataclass(frozen=True, slots=True)
class LateEdit:
    """What somebody wrote to a file while it was replaced; `base` is the blob id that it was based on."""

    path: str
    content: bytes
    executable: bool
    base: str


class ReplacedFiles:
    """The files of the last projections. Use with the volume's lock held."""

    def __init__(self) -> None:
        self._files: list[tuple[str, OpenFile]] = []

    def keep(self, path: str, file: OpenFile) -> None:
        """Remember a file that has just been replaced."""
        self._files.append((path, file))
        for _, old in self._files[:-MOST]:
            old.close()
        del self._files[:-MOST]

    def edits(self, most: int) -> Iterator[LateEdit]:
        """Those that somebody wrote to, at most `most` bytes each."""
        for path, file in self._files:
            if not file.is_unchanged():
                os.lseek(file.handle, 0, os.SEEK_SET)
                with contextlib.suppress(OSError):
                    content, found = beneath.read_open(file.handle, path, most)
                    yield LateEdit(path, content, bool(found.st_mode & stat.S_IXUSR), file.blob)

    def forget(self) -> None:
        """Close all of them."""
        for _, file in self._files:
            file.close()
        self._files.clear()
