"""Lets another process make ahead what questions to a long log need."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from controlplane.daemon.log import log
from controlplane.event_log import FAR
from controlplane.intake.pipeline import Intake

NOTE = "made-ahead"
"""The file that says up to which position everything was made."""
COMMAND = ("nice", "-n", "10", sys.executable, "-s", "-P", *(["-OO"] if sys.flags.optimize else []))


class Ahead:
    """At most one such process at a time, watched by a thread that ends with it."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._note = intake.stores.control / NOTE
        self._done = self._read()
        self.busy = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def consider(self) -> threading.Thread | None:
        """Begin where the log has grown enough since; the thread that waits for it."""
        position = self._intake.position
        if position - self._done < FAR or self._stopped or not self.busy.acquire(blocking=False):
            return None
        thread = threading.Thread(target=self._make, args=(position,), name="ahead", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End the process: what it made is whole at any time."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def _make(self, position: int) -> None:
        try:
            program = ("-m", "controlplane.daemon.catch_up", str(self._intake.stores.control.parent))
            environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self._process = subprocess.Popen(
                [*COMMAND, *program], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            _, said = self._process.communicate()
            if self._process.returncode == 0:
                self._note.write_text(str(position))
            elif not self._stopped:
                log.warning("not made ahead", error=said.decode("utf-8", "replace").strip()[-300:])
        except OSError as error:
            log.warning("not made ahead", error=str(error))
        finally:
            self._done = position  # what failed is tried again after as many more
            self._process = None
            self.busy.release()

    def _read(self) -> int:
        try:
            return min(int(self._note.read_text()), self._intake.position)
        except (OSError, ValueError):
            return 0
