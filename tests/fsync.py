"""Long logs and repositories for tests, written without waiting for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pygit2


@contextmanager
def without_fsync() -> Iterator[None]:
    """Let libgit2 write without fsync inside; the whole process is affected."""
    pygit2.settings.enable_fsync_gitdir(False)
    try:
        yield
    finally:
        pygit2.settings.enable_fsync_gitdir(True)
