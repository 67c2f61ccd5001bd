"""What it takes for a file to survive a power cut: its content, and the entry of the folder that names it.

See fsync(2): syncing a file does not sync the folder that holds it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(descriptor: int, aside: Path, path: Path, content: bytes, mode: int) -> None:
    """Replace a file: a reader, or a start after a power cut, sees the old or the new one, whole.

    `aside` is a new file in the same folder, open for writing as `descriptor`, which is closed. Raises
    OSError; then the old file is there and `aside` is not.
    """
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # before the content is there: it may be a secret
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    sync_folder(path.parent)
