"""Holds libgit2's view of a repository, so that it can be reopened in one place."""

from __future__ import annotations

import gc
from pathlib import Path

import pygit2


class Handle:
    """An open repository; callers take it anew for each call and never keep it longer.

    libgit2 keeps packs open and mapped once it read from them, also after git removed them, until
    the last handle that knew them is freed.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.repository = pygit2.Repository(self._path)
        self.widened = False
        """Whether it also sees other object folders, which reopening would lose."""

    def reopen(self) -> bool:
        """Reopen the repository and release deleted files; False if it was widened.

        Threads may be reading: each goes on with what it took, which is freed after them.
        """
        if self.widened:
            return False
        self.repository = pygit2.Repository(self._path)
        gc.collect()  # the library's objects refer to each other: nothing is freed before they are found
        return True
