"""Print the ready line, once per start of the container, when every enabled service answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from agent.apply.node import Node
from agent.health.probes import wait
from agent.log import log

ROUND_SECONDS = 30.0
PAUSE = 0.5


class Readiness:
    """Waits in a thread of its own, so that changes are applied while a slow service is still starting."""

    def __init__(self, node: Node, then: Callable[[], None] = lambda: None) -> None:
        """`then` is called once all services answer."""
        self.node, self._then = node, then
        self.ready = False
        self._begun = threading.Event()
        self._lock = threading.Lock()
        self._started = False

    def release_serves(self, after: float = 0.0) -> None:
        """A release was put in place: wait for its services, from `after` seconds on at the latest."""
        if not after:
            self._begun.set()
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._wait, args=(after,), name="ready", daemon=True).start()

    def _wait(self, after: float) -> None:
        """Ask until all answer; this ends, so nothing is polled on a running server."""
        self._begun.wait(after)
        start = time.monotonic()
        while not self.ready:
            release = self.node.release
            until = time.monotonic() + ROUND_SECONDS
            answers = [
                a
                for s in release.services.values()
                for a in wait(self.node.probes(s, anew=True), self.node.paths.root, until)
            ]
            if release is self.node.release and release.services and all(a.ok for a in answers):
                self.ready = True
                self._say(release.hostname)
                log.info("ready", seconds=time.monotonic() - start)
                self._then()
            elif not all(a.ok for a in answers):
                silent = ",".join(a.name for a in answers if not a.ok)
                log.info("not ready", silent=silent, seconds=time.monotonic() - start)
                time.sleep(PAUSE)
            else:
                time.sleep(PAUSE)

    def _say(self, hostname: str) -> None:
        """The line, unless an agent before this one said it; a start of the container removes the mark."""
        mark = self.node.paths.run / "ready"
        if not mark.exists():
            print(f"{hostname} is up and running", flush=True)
            mark.touch()
