"""Serve the applied release when the agent starts, before anybody is asked; try again while that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from agent.apply.engine import Engine
from agent.apply.queue import ApplyQueue
from agent.apply.recovery import recover, serve_applied
from agent.apply.rescue import newest, open_repository
from agent.errors import AgentError
from agent.log import log
from agent.records.journal import Applied
from agent.reports.readiness import Readiness

FIRST_RETRY, LAST_RETRY = 2.0, 128.0
"""Seconds of the first and the last pause before a failed start is tried again."""
MOST_TRIED = 5
"""Releases that are tried where no record says which served; one that does not takes up to half a minute."""
READY_WITHOUT_DAEMON = 30.0
"""Seconds after which a node that serves its applied release is called ready although nobody answers."""


class Serving:
    """Puts releases in place without an apply. `follow` is called once one serves."""

    def __init__(
        self, engine: Engine, queue: ApplyQueue, readiness: Readiness, follow: Callable[[], None]
    ) -> None:
        self._engine, self._node, self._queue = engine, engine.node, queue
        self._readiness, self._follow = readiness, follow

    def start(self) -> None:
        """Settle what a killed agent left, then serve the release that was applied."""
        with self._queue.lock:
            self._forgive()
            self._take_repairs()
            try:
                actions = recover(self._engine)
                problem = serve_applied(self._engine, actions)
            except (AgentError, OSError) as error:
                problem = str(error)
            self._started(problem)

    def serve_known(self, answer: dict[str, Any]) -> None:
        """Serve what the log says was applied, where the agent's own records of it are all lost."""
        known = answer.get("applied") or {}
        commit = str(known.get("release") or "")
        if self._node.applied.commit or not commit:
            return
        found = Applied(commit, int(known["number"]), str(known.get("main") or ""))
        self._serve(found)
        self._mended(f"the agent's records were lost: release {found.number} serves, as the log says")

    def serve_newest(self) -> None:
        """Serve the newest release that can be read and answers: nobody is there to say which was applied.

        One that does not answer may have failed before; it gives way to the one before it, and the newest
        one serves where none answers.
        """
        with open_repository(self._node) as objects:
            found = [applied for applied, _ in newest(self._node, objects)]
            for each in [*found[:MOST_TRIED], *found[:1]]:
                self._serve(each)
                with self._queue.lock:
                    silence = self._engine.silence(objects)
                if not silence:
                    break
                log.warning("a release that was tried does not serve", release=each.number, reason=silence)
        number = self._node.applied.number
        self._mended(f"the agent's records were lost and no control plane answers: release {number} serves")

    def _started(self, problem: str) -> None:
        if problem:
            log.error("start", problem=problem)
            self._try_again(FIRST_RETRY)
        if self._node.release.services:
            self._readiness.release_serves(after=READY_WITHOUT_DAEMON)
            self._follow()

    def _serve(self, found: Applied) -> None:
        with self._queue.lock:
            self._node.applied = found
            problem = serve_applied(self._engine, {})
            if self._node.release.services:
                self._node.journal.set_applied(self._node.applied)
            else:
                self._node.applied = Applied()
            self._started(problem)

    def _mended(self, how: str) -> None:
        if self._node.applied.commit:
            self._node.findings.mended("agent", how)
            self._node.findings.gone("agent")

    def _forgive(self) -> None:
        """A new start of the container tries once more what failed before: its cause may be gone."""
        mark = self._node.paths.run / "started"
        if not mark.exists():
            mark.touch()
            if self._node.journal.quarantine():
                self._node.journal.set_quarantine([])

    def _take_repairs(self) -> None:
        """What the container's start put right before there was an agent."""
        repairs = self._node.paths.repairs
        try:
            lines = repairs.read_text(errors="replace").splitlines()
            repairs.unlink()
        except OSError:
            return
        for line in lines:
            self._node.findings.mended("owners" if " to use: " in line else "state volume", line)

    def _try_again(self, seconds: float) -> None:
        """Restore the applied release later, with growing pauses, until a newer one took its place."""
        timer = threading.Timer(seconds, self._restore, (self._node.applied.commit, seconds))
        timer.daemon = True
        timer.start()

    def _restore(self, commit: str, seconds: float) -> None:
        with self._queue.lock:
            if self._node.applied.commit != commit:
                return
            problem = serve_applied(self._engine, {})
            log.warning("tried to restore the applied release again", problem=problem or "none")
            if self._node.release.services:
                self._follow()
        if problem and seconds < LAST_RETRY:
            self._try_again(seconds * 2)
