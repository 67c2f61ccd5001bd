"""One apply at a time; a newer request takes the place of one that still waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from agent.apply.engine import Outcome, Request
from agent.log import log
from wire.memory import trim_heap

WAIT_SECONDS = 300.0


class _Turn:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.done = threading.Event()
        self.outcome: Outcome | None = None
        self.waiters = 0


Answer = Callable[[Outcome], None]
Apply = Callable[[Request, Answer], None]
"""Applies a release and answers with its outcome; what it does then, nobody waits for."""


class ApplyQueue:
    """Runs applies in a thread of its own. `lock` is held while anything changes on the node."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._changed = threading.Condition()
        self._waiting: _Turn | None = None
        self._last: Outcome | None = None
        self.lock = threading.RLock()
        threading.Thread(target=self._work, name="apply", daemon=True).start()

    def submit(self, request: Request) -> Outcome:
        """Apply a release, or a newer one that came meanwhile; returns the outcome. Raises TimeoutError.

        Releases only ever grow, so an older number that comes late means the newer one.
        """
        with self._changed:
            turn = self._waiting
            if turn is None:
                turn = self._waiting = _Turn(request)
            elif request.number > turn.request.number or request.retry or request.degraded:
                turn.request = request
            turn.waiters += 1
            self._changed.notify()
        if not turn.done.wait(WAIT_SECONDS) or turn.outcome is None:
            raise TimeoutError("the apply did not end in time")
        return turn.outcome

    def waiters(self) -> int:
        """How many requests wait for the next apply."""
        with self._changed:
            return self._waiting.waiters if self._waiting else 0

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None)
            with self.lock:
                with self._changed:
                    turn, self._waiting = self._waiting, None
                if turn is not None:
                    self._run(turn)
            trim_heap()

    def _run(self, turn: _Turn) -> None:
        try:
            last = self._last
            if last and turn.request.number < last["release"]:
                turn.outcome = last
            else:
                self._apply(turn.request, partial(self._answer, turn))
        except Exception as error:  # noqa: BLE001  # a bug must not end the only thread that applies releases
            log.warning("bug", error=f"{type(error).__name__}: {error}", release=turn.request.number)
        finally:
            turn.done.set()

    def _answer(self, turn: _Turn, outcome: Outcome) -> None:
        turn.outcome = self._last = outcome
        turn.done.set()
