"""Writing `config/` of `main` onto the config volume, only what changed, never over an edit."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from agent.config_volume.replaced import ReplacedFiles, open_file
from agent.files import beneath
from agent.paths import ASIDE
from agent.records.checksummed import encode
from agent.release.git_objects import ObjectReader
from wire.blobs import blob_id
from wire.leftovers import left_over

CERTIFICATES = "ssl"
"""Where keys in the clear are at home: what lies there alone stays there, certificates too.

A rollback of `main` must not put an old certificate beside a key that it does not hold.
"""
LARGEST = 16 * 1024 * 1024
"""Bytes that a file of the config volume may have."""
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def project(
    folder: Path,
    objects: ObjectReader,
    wanted: Mapping[str, tuple[str, bool]],
    projected: dict[str, str],
    replaced: ReplacedFiles,
) -> tuple[str, set[str]]:
    """Bring the volume to `wanted`; returns a note when not all could be written, and the paths held back.

    `projected` (path to blob id) is what the agent wrote before, and is kept true as it goes. A file whose
    content is neither old nor new is somebody's edit and is held back: it stays as it is. So does one that
    is gone, unless all are: that is a new volume. One file that cannot be written does not keep the others
    from it. What it replaces goes to `replaced`.
    """
    if not folder.is_dir():
        return "there is no config volume", set()
    if is_emptied(folder, projected):
        projected.clear()
    notes: list[str] = []
    held: set[str] = set()
    # What goes comes first: a file may be in the way of a folder of its name, and the other way round.
    for path in projected.keys() - wanted.keys():
        with _noting(notes, path):
            if remove(folder, path, projected[path]):
                del projected[path]
            else:
                held.add(path)
    for path, (oid, executable) in wanted.items():
        if projected.get(path) == oid:
            continue
        with _noting(notes, path):
            writer = Writer(partial(objects.blob, oid), projected.get(path, ""), replaced)
            if writer.write(folder, path, oid, executable):
                projected[path] = oid
            else:
                held.add(path)
    return min(notes, default=""), held


@contextlib.contextmanager
def _noting(notes: list[str], path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in READ_ONLY:
            notes.append("the config volume is read-only")
        else:
            notes.append(f"{path} on the config volume is not writable ({error.strerror})")


def is_emptied(folder: Path, projected: Iterable[str]) -> bool:
    """Whether nothing of what was projected is left, and nothing that could be somebody's new files."""
    if any(os.path.lexists(folder / path) for path in projected):
        return False
    names = (
        Path(top, name).relative_to(folder).as_posix() for top, _, found in os.walk(folder) for name in found
    )
    return all(stays(name) for name in names)


def stays(path: str) -> bool:
    """Whether the path is not recorded unless `main` has it: left-overs, and certificates."""
    return bool(left_over(path)) or path == CERTIFICATES or path.startswith(f"{CERTIFICATES}/")


class Writer(NamedTuple):
    """Writes one file, which the agent wrote before as `before` ("" for not at all).

    `read` gives the new content.
    """

    read: Callable[[], bytes]
    before: str
    replaced: ReplacedFiles

    def write(self, folder: Path, path: str, oid: str, executable: bool) -> bool:
        """Whether the volume has the file's new content now; a link within the volume stays one."""
        with beneath.folder_of(folder, _place(folder, path), make=True) as (handle, name):
            _clear_way(handle, name)
            try:
                old = open_file(handle, name, LARGEST)
            except FileNotFoundError:
                return self._put(handle, name, executable, lambda: not beneath.is_there(handle, name))
            except OSError:
                return False  # anything but a file is nobody's content
            if old.blob != self.before or old.blob == oid:
                old.close()
                return old.blob == oid
            done = False
            try:
                done = self._put(handle, name, executable, old.is_unchanged)
            finally:
                if done:
                    self.replaced.keep(path, old)
                else:
                    old.close()
        return done

    def _put(self, folder: int, name: str, executable: bool, may: Callable[[], bool]) -> bool:
        content = self.read()
        return beneath.replace(folder, name, content, 0o755 if executable else 0o644, may)


def _clear_way(handle: int, name: str) -> None:
    """Remove a folder that holds nothing but folders, for the file that is to stand there."""
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
            return
        for _, folders, _, inner in os.fwalk(name, dir_fd=handle, topdown=False, follow_symlinks=False):
            for each in folders:
                os.rmdir(each, dir_fd=inner)
        os.rmdir(name, dir_fd=handle)


def _place(folder: Path, path: str) -> str:
    """Where a path leads by links within the volume; the path itself where one leads out."""
    try:
        return beneath.resolve(folder, path)
    except OSError:
        return path


def remove(folder: Path, path: str, before: str) -> bool:
    """Remove a file that has this blob id still; whether the volume has no such file now. Raises OSError.

    Of a link only the link goes.
    """
    above, _, name = path.rpartition("/")
    place = _place(folder, path)
    if place != path:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if blob_id(beneath.read(folder, place, LARGEST)[0]) != before:
                return False
            with beneath.open_folder(folder, _place(folder, above) if above else "") as handle:
                os.unlink(name, dir_fd=handle)
        return True
    with (
        contextlib.suppress(FileNotFoundError, NotADirectoryError),
        beneath.folder_of(folder, path) as (
            handle,
            name,
        ),
    ):
        found = _blob(handle, name)
        if found not in ("", before):
            return False
        os.unlink(name, dir_fd=handle)
    return True


def _blob(folder: int, name: str) -> str:
    """The blob id of a file, "" when there is none; anything but a file is nobody's content."""
    try:
        return blob_id(beneath.read_in(folder, name, LARGEST)[0])
    except FileNotFoundError:
        return ""
    except OSError:
        return "other"


def save(
    record: Path, main: str, files: Mapping[str, str], held: Iterable[str], tables: Mapping[str, str]
) -> None:
    """Remember what was projected, which files edits kept from it, and what was compiled beside it.

    Not fsynced: a lost record only makes the daemon compare once more.
    """
    record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = record.with_name(ASIDE + record.name)
    aside.write_bytes(
        encode({"main": main, "files": dict(files), "held": sorted(held), "tables": dict(tables)})
    )
    aside.replace(record)
