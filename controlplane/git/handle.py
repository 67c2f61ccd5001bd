"""Where libgit2's view of a repository lives, so that it can be opened again in one place."""

from __future__ import annotations

import gc
from pathlib import Path

import pygit2


class Handle:
    """A repository that was opened; whoever needs it takes it anew each time and keeps it for one call.

    libgit2 keeps packs open and mapped once it read from them, also after git removed them, until
    the last handle that knew them is freed.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self.repository = pygit2.Repository(self._path)
        self.widened = False
        """Whether it sees more folders of objects than its own, which opening it again would forget."""

    def reopen(self) -> bool:
        """Open it again and let go of the files that are gone; False for one that was widened.

        Threads may be reading: each goes on with what it took, which is freed after them.
        """
        if self.widened:
            return False
        self.repository = pygit2.Repository(self._path)
        gc.collect()  # the library's objects refer to each other: nothing is freed before they are found
        return True
