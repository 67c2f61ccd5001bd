"""Copies of files, made by the kernel: shared blocks where the file system has them (copy_file_range(2))."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def copy(source: Path, target: Path) -> None:
    """Make a copy with owner and mode; a link is made anew. Raises OSError, also where `target` exists.

    Nobody else can read it before it has its source's mode.
    """
    found = source.lstat()
    if stat.S_ISLNK(found.st_mode):
        target.symlink_to(source.readlink())
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with source.open("rb") as old, os.fdopen(os.open(target, flags, 0o600), "wb") as new:
        copy_range(old.fileno(), new.fileno(), 0, found.st_size)
        if os.geteuid() == 0:
            os.fchown(new.fileno(), found.st_uid, found.st_gid)
        os.fchmod(new.fileno(), stat.S_IMODE(found.st_mode))


def copy_range(old: int, new: int, start: int, end: int) -> None:
    """Copy bytes of an open file to where another is written; fewer where it ends before. Raises OSError."""
    while start < end:
        try:
            done = os.copy_file_range(old, new, end - start, start)
        except OSError:  # not between these file systems, or not in this kernel
            done = os.sendfile(new, old, start, end - start)
        if not done:
            return
        start += done


def write_all(handle: int, content: bytes) -> None:
    """Write all of this, whatever write(2) takes at once. Raises OSError."""
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]
