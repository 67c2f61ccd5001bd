"""Files below a folder that others may write: no symlink is followed on the way, nothing else is opened.

The agent is root, and whoever can write the config volume could swap a file for a link to a key, or for a
pipe that never ends, between a look and a read: so every part of a path is opened from its folder's handle.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.paths import ASIDE


class Unsuitable(OSError):
    """What lies there is no regular file, or too large for one."""


MOST_LINKS = 40
"""As many links as Linux follows in one path (path_resolution(7))."""


def resolve(top: Path, path: str) -> str:
    """The path of the same file without links: those that lead to a place below `top` are followed.

    Who reads it opens it part by part, as any other: a link that comes meanwhile is not followed. A path of
    which a part is missing keeps the rest as it is. Raises Unsuitable for a link that leads out.
    """
    todo, at, left = path.split("/"), list[str](), MOST_LINKS
    while todo:
        part = todo.pop(0)
        if part == "..":
            if not at:
                raise Unsuitable(errno.EXDEV, "leads out of the folder", path)
            at.pop()
            continue
        try:
            target = os.readlink(top.joinpath(*at, part))  # noqa: PTH115  # keeps the link's own text
        except OSError:  # no link, or not there
            at.append(part)
            continue
        left -= 1
        if not left:
            raise Unsuitable(errno.ELOOP, "leads through too many links", path)
        todo[:0] = _inside(top, target, at, path)
    return "/".join(at)


def _inside(top: Path, target: str, at: list[str], path: str) -> list[str]:
    """The parts to follow from where a link is; an absolute one begins at the folder again."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    if target.startswith("/"):
        above = list(top.parts[1:])
        if parts[: len(above)] != above:
            raise Unsuitable(errno.EXDEV, "leads out of the folder", path)
        at.clear()
        parts = parts[len(above) :]
    return parts


@contextlib.contextmanager
def open_folder(top: Path, path: str) -> Iterator[int]:
    """A handle of the folder at `path` ("" for `top` itself), reached through no link. Raises OSError."""
    with folder_of(top, f"{path}/_" if path else "_") as (handle, _):
        yield handle


@contextlib.contextmanager
def folder_of(top: Path, path: str, make: bool = False) -> Iterator[tuple[int, str]]:
    """(handle of the folder that holds `path`, its name in there). `make` creates folders. Raises OSError."""
    *parts, name = path.split("/")
    if name in ("", ".", "..") or any(part in ("", ".", "..") for part in parts):
        raise Unsuitable(errno.EINVAL, "not a path below the folder", path)
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=handle)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            inner = os.open(part, flags, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, name
    finally:
        os.close(handle)


def read(top: Path, path: str, most: int) -> tuple[bytes, os.stat_result]:
    """Content and status of a regular file of at most `most` bytes. Raises OSError, Unsuitable."""
    with folder_of(top, path) as (folder, name):
        return read_in(folder, name, most)


def read_in(folder: int, name: str, most: int) -> tuple[bytes, os.stat_result]:
    """The same, for a name in an open folder."""
    handle = open_in(folder, name)
    try:
        return read_open(handle, name, most)
    finally:
        os.close(handle)


def is_there(folder: int, name: str) -> bool:
    """Whether an open folder has something of that name, be it a link that leads nowhere. Raises OSError."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def open_in(folder: int, name: str) -> int:
    """A handle to read a name in an open folder by. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no wait for a pipe's other end
    return os.open(name, flags, dir_fd=folder)


def read_open(handle: int, name: str, most: int) -> tuple[bytes, os.stat_result]:
    """The same, for an open handle, which stays open."""
    with os.fdopen(handle, "rb", closefd=False) as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise Unsuitable(errno.EINVAL, "not a regular file of a usual size", name)
        content = file.read(most + 1)
    if len(content) > most:
        raise Unsuitable(errno.EFBIG, "grows while it is read", name)
    return content, found


def replace(
    folder: int, name: str, content: bytes, mode: int, may: Callable[[], bool] = lambda: True
) -> bool:
    """Put a file in an open folder in one step, owned as the one before it. Raises OSError.

    `may` is asked right before the step; returns what it said.
    """
    aside = ASIDE + name
    with contextlib.suppress(FileNotFoundError):
        os.unlink(aside, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(aside, flags, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
            with contextlib.suppress(FileNotFoundError, PermissionError):
                owner = os.stat(name, dir_fd=folder, follow_symlinks=False)
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fchmod(file.fileno(), mode)
        if not may():
            os.unlink(aside, dir_fd=folder)
            return False
        os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(aside, dir_fd=folder)
        if error.errno != errno.EBUSY:
            raise
        _overwrite(folder, name, content)
    return True


def _overwrite(folder: int, name: str, content: bytes) -> None:
    """For a file that is mounted by itself, which cannot be replaced by another."""
    flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "wb") as file:
        file.write(content)
