"""Stores a blob beside whatever its caller does meanwhile.

The interpreter's lock is free while megabytes are hashed, copied and synced, so a second core does that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from controlplane.errors import MailserverError


class Beside(threading.Thread):
    """Begins at once to store a content; `result` waits for that."""

    def __init__(self, write: Callable[[bytes], str], content: bytes) -> None:
        super().__init__(name="storing a blob", daemon=True)
        self.content = content
        self._write, self._id = write, ""
        self.start()

    def run(self) -> None:
        """Store it. A failure is left to whoever needs the blob: storing it again tells the reason."""
        with suppress(MailserverError):
            self._id = self._write(self.content)

    def result(self) -> str:
        """The id of the blob; empty where it could not be stored."""
        self.join()
        return self._id
