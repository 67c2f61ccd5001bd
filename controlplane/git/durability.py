"""What it takes for a file to survive a power cut: its content, and the directory entry that names it.

See fsync(2): syncing a file does not sync the directory that holds it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

# Off in libgit2 by default: objects and references would only reach the page cache (measured: 2,000
# commits a second instead of 200, none of them durable).
pygit2.settings.enable_fsync_gitdir(True)
# The daemon reads each object about once; libgit2's default keeps up to 256 MiB of them.
pygit2.settings.cache_max_size(8 * 1024 * 1024)


def without_a_home() -> None:
    """Read no git configuration of the user who started this process: it may be out of reach now."""
    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG):
        pygit2.settings.search_path[level] = ""


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file: a reader, or a start after a power cut, sees the old or the new one, whole."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    fsync_directory(path.parent)
