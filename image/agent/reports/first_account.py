"""A container that starts without any account stops after a while, unless one is added in time.

That is the documented first start; a restart policy then starts it again. One timer, no polling; once there
was an account, or none was needed, it is never set again in this life of the container.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from agent.apply.node import Node
from agent.errors import AgentError
from agent.log import log
from agent.release.manifest import Release

STATUS = 1
"""The container's exit status: also `restart: on-failure` starts it again."""
ACCOUNTS = "postfix-accounts.cf"
"""The file of the config volume that people bring accounts along in."""
ADD = "docker exec -ti <container> setup email add user@example.com"


class FirstAccount:
    """`lock` is held while it decides, so that an account that is being added counts.

    `refused` says why the accounts of the config volume are not taken over, "" where nothing is wrong.
    """

    def __init__(self, node: Node, lock: threading.RLock, refused: Callable[[], str] = lambda: "") -> None:
        self._node, self._lock, self._refused = node, lock, refused
        self._timer: threading.Timer | None = None
        self._seconds = 0
        self._volume_seen = False

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
            if self._volume_seen:
                self._warn()

    def volume_seen(self) -> None:
        """Note that the config volume was read: before that it may still bring accounts."""
        self._volume_seen = True
        if self._timer:
            self._warn()

    def _warn(self) -> None:
        if refused := self._refused():
            _say(f"! {ACCOUNTS} on the config volume was refused: {refused}")
            _say("  Correct the file: it is taken over at once.")
            _say(f"  Without an account this server stops in {self._seconds} s.")
        else:
            _say(f"! There is no account yet. Without one this server stops in {self._seconds} s.")
            _say(f"  Add one: {ADD}")

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
            self._say_why()
            try:
                self._node.paths.exit_status.write_text(f"{STATUS}\n")
                self._node.actor.programs.shut_down()
            except (AgentError, OSError) as error:
                log.warning("the server could not be stopped", reason=error)

    def _say_why(self) -> None:
        if refused := self._refused():
            _say(f"✗ {ACCOUNTS} on the config volume was refused: {refused}")
            _say(f"  It was not corrected within {self._seconds} s, so the mail server stops.")
            _say(f"  Correct it, then start again; or, after the next start: {ADD}")
        else:
            _say(f"✗ No account was added within {self._seconds} s, so the mail server stops.")
            _say(f"  Add one after the next start: {ADD}")
        _say("  FIRST_ACCOUNT_TIMEOUT=0 waits for ever.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
