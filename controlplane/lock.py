"""One writer at a time: across processes by flock(2), across threads by a lock of their own."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controlplane.errors import Conflict, Unavailable

DEADLINE = 30.0
"""Seconds that a writer waits for its turn unless told otherwise."""

_TOLD = 512
"""Bytes of the lock file: who holds it, blanks behind; a character takes 12 at most in JSON."""

_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.02


class WriterLock:
    """The right to write to the state repo. Reentrant: the thread that holds it may take it again.

    The kernel releases it when the process dies, however it dies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    @contextmanager
    def hold(self, why: str = "", deadline: float = DEADLINE) -> Iterator[None]:
        """Hold the lock inside; raises Conflict, naming the holder, after `deadline` seconds of waiting."""
        end = time.monotonic() + deadline
        if not self._thread.acquire(timeout=max(deadline, 0)):
            raise Conflict(f"another change is being made: {self.holder()}")
        try:
            if self._depth == 0:
                self._descriptor = self._take(end, why)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    os.close(self._descriptor)  # the last reference to the open file: unlocks
                    self._descriptor = -1
        finally:
            self._thread.release()

    def holder(self) -> str:
        """Who took the lock last, to show to people: process id and purpose, or `unknown`."""
        with suppress(OSError, ValueError):
            told = json.loads(self.path.read_text())
            return f"process {told['pid']} ({told['why'] or 'writing'})"
        return "unknown"

    def _take(self, end: float, why: str) -> int:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"{self.path} cannot be opened: {error}") from error
        try:
            self._wait(descriptor, end)
            # Only for people: not synced. Padded, since truncating first costs ten times the write.
            told = json.dumps({"pid": os.getpid(), "why": why[: _TOLD // 16]}).encode()
            os.pwrite(descriptor, told.ljust(_TOLD), 0)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _wait(self, descriptor: int, end: float) -> None:
        pause = _FIRST_WAIT
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EINTR):
                    raise Unavailable(f"{self.path} cannot be locked: {error}") from error
            else:
                return
            if time.monotonic() >= end:
                raise Conflict(f"another change is being made: {self.holder()}")
            time.sleep(pause)  # flock has no deadline of its own
            pause = min(pause * 2, _LONGEST_WAIT)
