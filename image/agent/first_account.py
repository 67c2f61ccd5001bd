"""A container that starts without any account stops after a while, unless one is added in time.

That is the documented first start; a restart policy then starts it again. One timer, no polling; once there
was an account, or none was needed, it is never set again in this life of the container.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from agent.errors import AgentError
from agent.log import log
from agent.manifest import Release
from agent.node import Node

STATUS = 1
"""The container's exit status: also `restart: on-failure` starts it again."""


class FirstAccount:
    """`lock` is held while it decides, so that an account that is being added counts."""

    def __init__(self, node: Node, lock: threading.RLock) -> None:
        self._node, self._lock = node, lock
        self._timer: threading.Timer | None = None
        self._seconds = 0

    def follow(self, release: Release) -> None:
        """A release serves: set the timer, or let the container live."""
        seconds = release.account_deadline
        if not seconds:
            self._stop()
            self._mark.touch()
        elif seconds != self._seconds and not self._mark.exists():
            self._stop()
            self._seconds = seconds
            self._timer = threading.Timer(seconds, self._expire)
            self._timer.daemon = True
            self._timer.start()
            _say(f"! There is no account yet. Without one this server stops in {seconds} s.")
            _say("  Add one: docker exec -ti <container> setup email add user@example.com")

    @property
    def _mark(self) -> Path:
        return self._node.paths.run / "settled"

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer, self._seconds = None, 0

    def _expire(self) -> None:
        with self._lock:
            if not self._node.release.account_deadline:
                return
            _say(f"✗ No account was added within {self._seconds} s, so the mail server stops.")
            _say(
                "  Add one after the next start: docker exec -ti <container> setup email add user@example.com"
            )
            _say("  FIRST_ACCOUNT_TIMEOUT=0 waits for ever.")
            try:
                self._node.paths.exit_status.write_text(f"{STATUS}\n")
                self._node.actor.programs.shut_down()
            except (AgentError, OSError) as error:
                log("the server could not be stopped", reason=error)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
