"""Reads a config folder to import, without trusting whoever wrote it.

Follows no symbolic link, opens regular files only, and bounds the number and size of what is read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from controlplane.errors import NotFound, Problem, Refused
from controlplane.plain_text import sanitize_line
from controlplane.statefiles.documented import documented
from controlplane.statefiles.treefile import EXECUTABLE, REGULAR, TreeFile
from wire.leftovers import left_over

MOST_FILES = 10_000
MOST_FILE = 64 << 20
"""Bytes of one file."""
MOST = 90 << 20
"""Bytes of all files together: in base64 they still fit one request of the control socket."""


@dataclass
class Folder:
    """Files by path relative to the folder, and for each file that is left out the reason."""

    files: dict[str, TreeFile] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_folder(top: Path) -> Folder:
    """Read every configuration file of the folder.

    Raises NotFound where `top` is no folder; Refused where there are too many files, or where a file that
    the server would use is a link, a device, too large or unreadable.
    """
    if not top.is_dir():
        raise NotFound(f"{top} is not a folder")
    found, room = Folder(), MOST
    for path, handle, name in _walk(top, found):
        if why := left_over(path):
            found.left_out[path] = why
            continue
        file = _read(path, handle, name, min(room, MOST_FILE), found)
        if file is None:
            continue
        found.files[path] = file
        room -= len(file.content)
        if len(found.files) > MOST_FILES:
            cure = "give the config folder itself, not one above it"
            raise Refused.because(f"{top} holds more than {MOST_FILES} files", cure)
    if found.problems:
        raise Refused(found.problems)
    return found


def read_file(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes. Raises NotFound where it is unreadable, Refused where larger."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise Refused.because(f"it is larger than {most >> 20} MiB", "name a mailserver.env", str(path))
    return content


def _walk(top: Path, found: Folder) -> Iterator[tuple[str, int, str]]:
    """Yield (path, file descriptor of its folder, name) for everything but folders."""
    for folder, folders, names, handle in os.fwalk(top, follow_symlinks=False):
        for name in sorted([*names, *folders]):
            path = Path(folder, name).relative_to(top).as_posix()
            if not path.isprintable():
                found.left_out[sanitize_line(ascii(path)[1:-1])] = (
                    "its name has characters that none should have"
                )
                continue
            if name in names or _is_link(name, handle):
                yield path, handle, name
        folders.sort()


def _is_link(name: str, handle: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)


def _read(path: str, folder: int, name: str, most: int, found: Folder) -> TreeFile | None:
    """Read a file; None for one that is left out, or reported because the server would use it."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a named pipe would block
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            _unfit(path, "it is no regular file", "put the file itself there: cp -rL follows links", found)
            return None
        with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(most + 1)
    except OSError as error:
        _unfit(path, f"it cannot be read: {error.strerror}", "make it readable", found)
        return None
    if not stat.S_ISREG(mode) or len(content) > most:
        _unfit(path, f"it is larger than {most >> 20} MiB", "leave it out", found)
        return None
    return TreeFile(content, EXECUTABLE if mode & stat.S_IXUSR else REGULAR)


def _unfit(path: str, message: str, cure: str, found: Folder) -> None:
    if documented(path) is None:
        found.left_out[path] = message
    else:
        found.problems.append(Problem(path, 0, message, cure))
