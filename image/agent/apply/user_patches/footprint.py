"""States of files as short texts, with their contents kept, so that each can be restored exactly."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from agent.files.managed import Stamp
from wire.blobs import blob_id

LARGEST = 1024 * 1024
"""Bytes of a file whose content is kept; a larger one is only known by its size and time."""
ABSENT = ""


def capture(path: Path, found: os.stat_result) -> tuple[str, bytes]:
    """What is at a path, as a text, and its content where that is to be kept. Raises OSError.

    `f 0644 0:0 BLOB` is a file, `l TARGET` a link, `d 0755 0:0` a folder, `F …` a file that is too large.
    """
    rights = f"{stat.S_IMODE(found.st_mode):04o} {found.st_uid}:{found.st_gid}"
    if stat.S_ISLNK(found.st_mode):
        return f"l {path.readlink()}", b""
    if stat.S_ISDIR(found.st_mode):
        return f"d {rights}", b""
    if found.st_size > LARGEST:
        return f"F {rights} {found.st_size}:{found.st_mtime_ns}", b""
    content = path.read_bytes()
    return f"f {rights} {blob_id(content)}", content


def blob_of(state: str) -> str:
    """The name of a file's kept content, "" for what has none."""
    return state.rpartition(" ")[2] if state.startswith("f ") else ""


def stamp_of(found: os.stat_result) -> Stamp:
    """Numbers that stay the same while a file's content does."""
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


class Contents:
    """Contents by blob id, in a folder that only root reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, state: str, content: bytes) -> None:
        """Keep a file's content. Raises OSError."""
        target = self._folder / blob_of(state)
        if blob_of(state) and not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = target.with_suffix(".new")
            aside.write_bytes(content)
            aside.chmod(0o600)
            aside.replace(target)

    def sweep(self, used: set[str]) -> None:
        """Remove what no state names."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in used:
                    with contextlib.suppress(OSError):
                        path.unlink()

    def put(self, path: Path, state: str) -> None:
        """Restore a path to a recorded state. Raises OSError, also for content that was not kept.

        A file is written in place: one that is mounted, such as /etc/hosts, cannot be replaced.
        """
        if state.startswith("F "):
            raise FileNotFoundError(f"{path} was too large to be kept")
        content = (self._folder / blob_of(state)).read_bytes() if state.startswith("f ") else b""
        self._clear(path, state[:1])
        if state.startswith("l "):
            path.symlink_to(state[2:])
        elif state:
            _, mode, owner, *_ = state.split(" ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(exist_ok=True) if state.startswith("d ") else path.write_bytes(content)
            uid, gid = (int(number) for number in owner.split(":"))
            if os.geteuid() == 0:
                os.chown(path, uid, gid)
            path.chmod(int(mode, 8))

    def _clear(self, path: Path, kind: str) -> None:
        """Remove what is in the way; a folder that is not empty stays: somebody put something there."""
        if not os.path.lexists(path):
            return
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            if kind == "d":
                return
            shutil.rmtree(path) if kind else path.rmdir()
        elif kind != "f" or not stat.S_ISREG(found.st_mode):
            path.unlink()
