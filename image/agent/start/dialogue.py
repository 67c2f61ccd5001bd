"""What the agent asks its control plane by itself: what to serve, and to fetch outcomes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from agent.apply.engine import Request
from agent.apply.node import Node
from agent.apply.queue import ApplyQueue
from agent.daemon_client import DaemonClient
from agent.errors import AgentError
from agent.log import log

SHORT_PAUSE, LONGEST_PAUSE = 0.02, 2.0
"""Seconds between two tries to reach the daemon: while it starts as well, and at most after that."""
STARTS_WITHIN = 5.0
"""Seconds in which it starts, unless it has a long log to read."""
"""Seconds between two tries to reach the daemon."""
SERVE_WITHOUT_DAEMON = 20.0
"""Seconds that a node without any record of what it served waits for the daemon to say."""


class Dialogue:
    """`in_silence` is called once where nothing serves and no daemon says what should."""

    def __init__(
        self, node: Node, daemon: DaemonClient, queue: ApplyQueue, in_silence: Callable[[], None]
    ) -> None:
        self._node, self._daemon, self._queue, self._in_silence = node, daemon, queue, in_silence

    def hello(self) -> dict[str, Any]:
        """Tell the daemon where the node stands; waits until there is a daemon."""
        start = time.monotonic()
        pause, grows, end = SHORT_PAUSE, start + STARTS_WITHIN, start + SERVE_WITHOUT_DAEMON
        while True:
            repairs = self._node.findings.untold()
            try:
                answer = self._daemon.ask(
                    "agent.hello",
                    applied_commit=self._node.applied.commit,
                    observed=self._node.observed(),
                    repairs=[{"part": each.part, "how": each.how} for each in repairs],
                )
            except AgentError as error:
                if time.monotonic() > end and not self._node.applied.commit:
                    end = math.inf
                    self._in_silence()
                if pause == LONGEST_PAUSE:
                    log.warning("waiting for the control plane", reason=error)
                time.sleep(pause)
                if time.monotonic() > grows:
                    pause = min(LONGEST_PAUSE, pause * 1.5)
            else:
                self._node.findings.tell(repairs)
                return answer

    def apply_newest(self, newest: dict[str, Any], retry: bool = False) -> None:
        """Apply what the daemon said is newest, unless that is what serves, wholly."""
        commit = str(newest.get("release") or "")
        if commit and (commit != self._node.applied.commit or self._node.applied.held):
            self._queue.submit(Request(commit, int(newest["number"]), str(newest["main"]), retry))
            self._report_outcomes()

    def _report_outcomes(self) -> None:
        """Outcomes of applies that the daemon did not ask for are fetched by it."""
        if self._node.journal.outcomes():
            self._daemon.ask("agent.outcomes")
