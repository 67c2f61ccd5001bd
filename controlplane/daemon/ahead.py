"""Lets another process make what questions to a long log need: ahead, or for somebody who waits.

That takes time, memory and a library, none of which the daemon keeps then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from controlplane.daemon.catch_up import DAMAGED
from controlplane.daemon.log import log
from controlplane.errors import Corrupt, MailserverError, Unavailable
from controlplane.event_log import FAR
from controlplane.intake.pipeline import Intake

NOTE = "made-ahead"
"""The file that says up to which position everything was made."""
MANY = 10_000
"""Events since the last time from which on it is worth doing again, in however few change sets."""
NICE = ("nice", "-n", "10")
COMMAND = (sys.executable, "-s", "-P", *(["-OO"] if sys.flags.optimize else []))


class Ahead:
    """At most one such process at a time; one that nobody waits for is watched by a thread."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._note = intake.stores.control / NOTE
        self._done, self._events = self._read(), 0
        """The position, and the events of this process, for which one was begun last."""
        self.busy = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def consider(self) -> threading.Thread | None:
        """Begin where the log has grown enough since; the thread that waits for it."""
        position, events = self._intake.position, self._intake.stores.log.appended
        grown = position - self._done >= FAR or events - self._events >= MANY
        return self.begin() if grown else None

    def begin(self) -> threading.Thread | None:
        """Begin unless one is at work; the thread that waits for it."""
        if self._stopped or not self.busy.acquire(blocking=False):
            return None
        self._events = self._intake.stores.log.appended
        thread = threading.Thread(target=self._make, args=(self._intake.position,), name="ahead", daemon=True)
        thread.start()
        return thread

    def make(self) -> None:
        """Make it now, for somebody who waits. Raises Unavailable, and Corrupt for a damaged log."""
        with self.busy:
            try:
                self._run()
            except OSError as error:
                raise Unavailable(f"no process can be started: {error}") from error

    def stop(self) -> None:
        """End the process: what it made is whole at any time."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def _make(self, position: int) -> None:
        try:
            self._run(*NICE)
            self._note.write_text(str(position))
        except (MailserverError, OSError) as error:
            if not self._stopped:
                log.warning("not made ahead", error=str(error))
        finally:
            self._done = position  # what failed is tried again after as many more
            self.busy.release()

    def _run(self, *before: str) -> None:
        stores = self._intake.stores
        until = [] if stores.log.held is None else [stores.log.held]
        program = ("-m", "controlplane.daemon.catch_up", str(stores.control.parent), *until)
        environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [*before, *COMMAND, *program], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, said = self._process.communicate()
        status, self._process = self._process.returncode, None
        if status:
            reason = said.decode("utf-8", "replace").strip()[-300:] or f"it ended with {status}"
            raise Corrupt(reason) if status == DAMAGED else Unavailable(reason)

    def _read(self) -> int:
        try:
            return min(int(self._note.read_text()), self._intake.position)
        except (OSError, ValueError):
            return 0
