"""Gives the state repository and the control folder back to the account that they belong to.

The control plane is no root, and whoever runs git, chown or an editor as root in there leaves files that it
cannot write, or not even read. One fixed operation mends that: its places are not the caller's to choose, no
link is followed, no other file system entered, and a file with a second name somewhere else is left alone.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.log import log

FOLDERS = ("state.git", "control")
PASSABLE = 0o055
"""Bits that the state volume's own folder needs: each service goes through it to a folder of its own."""
MOST_TOLD = 5


def mend(state: Path, uid: int, gid: int) -> dict[str, Any]:
    """Mend `state.git`, `control` and the way to them; how many were, some by name, and what failed."""
    mended: list[str] = []
    failed: list[str] = []
    if state.stat().st_mode & PASSABLE != PASSABLE:
        state.chmod(PASSABLE | 0o700)
        mended.append(str(state))
    for folder in FOLDERS:
        for path, handle, name in _everything(state / folder):
            try:
                # git never writes to an object again, and makes each read-only
                needed = 0o400 if "/objects/" in path else 0o600
                if _mend(handle, name, uid, gid, needed):
                    mended.append(path)
            except OSError as error:
                failed.append(f"{path}: {error.strerror}")
    if mended or failed:
        log.warning("owners", mended=len(mended), failed=len(failed))
    return {"mended": len(mended), "paths": mended[:MOST_TOLD], "failed": failed[:MOST_TOLD]}


def _everything(top: Path) -> Iterator[tuple[str, int, str]]:
    """(path for people, handle of the folder, name in it) of a folder and all below it, folders first."""
    try:
        above = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        found = os.stat(top.name, dir_fd=above, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            return
        yield str(top), above, top.name
        for folder, folders, names, handle in os.fwalk(top.name, dir_fd=above, follow_symlinks=False):
            inside = [name for name in folders if _device(handle, name) == found.st_dev]
            for name in (*inside, *names):
                yield str(top.parent / folder / name), handle, name
            folders[:] = inside
    except OSError:
        return
    finally:
        os.close(above)


def _device(handle: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=handle, follow_symlinks=False).st_dev
    except OSError:
        return -1


def _mend(handle: int, name: str, uid: int, gid: int, needed: int) -> bool:
    """Whether something had to be mended; a file is `needed` with this mode. Raises OSError."""
    try:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    foreign = found.st_uid != uid
    if foreign and stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        raise PermissionError(1, "has a second name elsewhere, so it is left alone")
    if foreign:
        os.chown(name, uid, gid, dir_fd=handle, follow_symlinks=False)
    needed = {stat.S_IFDIR: 0o700, stat.S_IFREG: needed}.get(stat.S_IFMT(found.st_mode), 0)
    lacking = needed & ~found.st_mode
    if lacking:
        # The folder's handle holds the place, and a link put there meanwhile is not followed to elsewhere.
        flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
        inner = os.open(name, flags, dir_fd=handle)
        try:
            if not stat.S_ISLNK(os.fstat(inner).st_mode):
                Path(f"/proc/self/fd/{inner}").chmod(stat.S_IMODE(found.st_mode) | needed)
        finally:
            os.close(inner)
    return foreign or bool(lacking)
