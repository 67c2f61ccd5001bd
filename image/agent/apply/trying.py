"""The canary between releases: once the server is ready, at an interval, and when somebody asks."""

from __future__ import annotations

import threading
from typing import Any

from agent.apply.node import Node
from agent.apply.tried import run_canary
from agent.canary.steps import Report
from agent.log import log

INTERVAL = 1800.0
"""Seconds. A run takes some 50 ms of the processors, so that an idle server does not notice it."""
AGAIN = 5.0
"""Seconds after which a run that failed is repeated, before it counts for the server's health."""
WHILE_BROKEN = 60.0
"""The interval in seconds while people are not served."""


class Trying:
    """`lock` is held during a run, so that no release is applied meanwhile."""

    def __init__(self, node: Node, lock: threading.RLock) -> None:
        self._node, self._lock = node, lock

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._go_on, name="canary", daemon=True).start()

    def now(self, repeated: bool = False) -> Report:
        """Run it, and remember what it found. One that is `repeated` counts for the server's health."""
        with self._lock:
            report = run_canary(self._node, self._node.release, anew=True)
            self._node.watch.keep(report, repeated=repeated)
        for each in report.failures:
            log.warning("canary", step=each.step, service=each.service, reason=each.words)
        return report

    def answer(self) -> dict[str, Any]:
        """Run it for somebody who asks."""
        self.now()
        return self._node.watch.as_dict()

    def _go_on(self) -> None:
        wait = threading.Event().wait
        while True:
            if self._node.release.services and self.now().failures:
                wait(AGAIN)
                self.now(repeated=True)
            wait(WHILE_BROKEN if self._node.watch.broken else INTERVAL)
