"""Writes large blobs that may yet be refused, beside whatever decides on them.

They are files without a name (open(2), O_TMPFILE) until they are objects: nothing of a refused change, or of
one whose process was killed, can be found in the repository, for it may hold a secret.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from controlplane.git.large_blobs import LARGE, write_unnamed
from controlplane.git.objects import Change, NewFile, Objects
from wire.blobs import blob_id
from wire.durable import sync_folder


class WrittenAhead:
    """The large new files of a change."""

    def __init__(self, objects: Objects, changes: Mapping[str, Change]) -> None:
        self._objects, self._changes = objects, changes
        self._blobs = {
            path: _Unnamed(objects.folder, change.content)
            for path, change in changes.items()
            if isinstance(change, NewFile) and len(change.content) >= LARGE
        }

    def named(self) -> Mapping[str, Change]:
        """The change, with the ids of its large files, which are objects now where they could be written."""
        changes = dict(self._changes)
        for path, blob in self._blobs.items():
            change = changes[path]
            assert isinstance(change, NewFile)  # noqa: S101  # only those were begun
            oid, new = blob.link()
            changes[path] = replace(change, id=oid)
            self._objects.large_written += new
        return changes

    def close(self) -> None:
        """Forget what was not named."""
        for blob in self._blobs.values():
            blob.close()


@contextmanager
def written_ahead(objects: Objects, changes: Mapping[str, Change]) -> Iterator[WrittenAhead]:
    """Begin to write the large new files of a change; at the end those without a name are gone."""
    ahead = WrittenAhead(objects, changes)
    try:
        yield ahead
    finally:
        ahead.close()


class _Unnamed(threading.Thread):
    """A blob that is being written; the interpreter's lock is free meanwhile."""

    def __init__(self, objects: Path, content: bytes) -> None:
        super().__init__(name="writing ahead", daemon=True)
        self._objects, self._content = objects, content
        self._id, self._handle = "", -1
        self.start()

    def run(self) -> None:
        oid = blob_id(self._content)
        if not (self._objects / oid[:2] / oid[2:]).exists():
            with suppress(OSError):  # few file systems have none; that the disk is full is told later
                self._handle = write_unnamed(self._objects, self._content)
        self._id = oid

    def link(self) -> tuple[str, int]:
        """The id of the blob, and how many bytes became an object now: none where it is yet to be written."""
        self.join()
        if self._handle < 0:
            return self._id, 0
        folder = self._objects / self._id[:2]
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            _link(self._handle, folder, self._id[2:])
            return self._id, len(self._content)
        return self._id, 0

    def close(self) -> None:
        self.join()
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _link(handle: int, folder: Path, name: str) -> None:
    """Give an open file a name, durably (linkat(2): by its entry in /proc, whose link is followed)."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(f"/proc/self/fd/{handle}", name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=True)
    except FileExistsError:
        return
    finally:
        os.close(place)
    sync_folder(folder)
