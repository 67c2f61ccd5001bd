"""Brings releases to the agent and its outcomes to the log. One thread; it sleeps until it is poked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from controlplane.daemon.asking import Ask
from controlplane.daemon.log import log
from controlplane.errors import MailserverError, Unavailable
from controlplane.events import Event
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.blame.failed_release import origin_of, position_of
from controlplane.intake.blame.held_parts import Holding
from controlplane.intake.edits.node_reports import file_events, outcome_events
from controlplane.intake.pipeline import Intake
from controlplane.model import State
from controlplane.protocol.changes import Applied
from controlplane.protocol.node import Target
from wire.outcomes import OutcomeKind

APPLY_SECONDS = 120.0
"""The agent's own deadlines end an attempt, its undoing included, well before."""
ASK_SECONDS = 20.0
STOP_SECONDS = 5.0
"""How long a stop waits for a delivery under way; the agent keeps the outcome of one that takes longer."""


class Delivery:
    """The newest release wins: while one is applied, those between are skipped."""

    def __init__(self, intake: Intake, ask: Ask, after: Callable[[], object] = lambda: None) -> None:
        self._intake = intake
        self._ask = ask
        self.node = intake.state.node
        """The node whose agent `ask` reaches."""
        self._after = after
        """Called after each delivery, when nobody waits any more."""
        self._wanted = threading.Condition()
        self._pending = self._retry = self._degraded = self._stopped = self._collect = False
        self.kept: set[str] = set()
        """Commits of `main` whose release is kept although the server does less than before."""
        self._asked = self._answered = 0
        """Deliveries that were asked for, and the last of them that came to an end."""
        self._newest: Applied | None = None
        self.held = Holding(self.node)
        """What of the newest release is held on the node."""
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    @property
    def seen(self) -> State:
        """The state, seen from the node."""
        return self._intake.state.seen_from(self.node)

    def start(self) -> None:
        """Begin to deliver, in a thread of its own; at once where the last process did not come to it.

        Nobody else would: an agent that went on while the control plane was away says no hello.
        """
        if self.seen.status.attempted < self._intake.release_number:
            self._pending = self._collect = True
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is doing, and wait for that a while."""
        with self._wanted:
            self._stopped = True
            self._wanted.notify_all()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def poke(self, retry: bool = False, degraded: bool = False) -> int:
        """There may be something newer to apply; `retry` what failed. Returns what `wait_done` takes.

        `degraded` keeps it although the server does less than before.
        """
        with self._wanted:
            self._pending = True
            self._retry = self._retry or retry
            self._degraded = self._degraded or degraded
            self._asked += 1
            self._wanted.notify_all()
            return self._asked

    def poke_collect(self) -> None:
        """The agent keeps outcomes that are not in the log."""
        with self._wanted:
            self._collect = True
            self._wanted.notify_all()

    def wait_done(self, asked: int, seconds: float) -> Applied | None:
        """The outcome of a delivery that was asked for, after it ended; None when it did not in time."""
        with self._wanted:
            done = self._wanted.wait_for(lambda: self._answered >= asked, seconds)
        return self._newest if done else None

    def forget(self) -> None:
        """What the newest release came to is about to be found out again."""
        self._newest = None

    def target(self) -> Target:
        """The release that the agent should serve, and the `main` to project; empty before the first."""
        release = self._intake.release
        if release is None:
            return {"release": "", "number": 0, "main": ""}
        return {"release": release.commit, "number": release.number, "main": self._intake.main}

    def wait_for(self, number: int, seconds: float) -> Applied | None:
        """The outcome of this release or a newer one; None when there is none in time."""
        end = time.monotonic() + seconds
        with self._intake.changed:
            while (found := self._outcome_of(number)) is None:
                left = end - time.monotonic()
                if left <= 0 or not self._intake.changed.wait(left):
                    return self._outcome_of(number)
            return found

    def _outcome_of(self, number: int) -> Applied | None:
        if self._newest and _number(self._newest) >= number:
            return self._newest
        node = self.seen.status
        if node.applied >= number and not node.failure:
            return {
                "outcome": OutcomeKind.APPLIED,
                "release": node.applied,
                "seconds": 0.0,
                "serving": node.applied,
            }
        if node.suspended:
            return {"outcome": OutcomeKind.SUSPENDED, "release": number, "serving": node.applied}
        return None

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._pending or self._collect or self._stopped)
                if self._stopped:
                    return
                deliver, collect, asked = self._pending, self._collect, self._asked
                how = {"retry": self._retry, "degraded": self._degraded}
                self._pending = self._retry = self._degraded = self._collect = False
            self._guarded(collect, deliver, how)
            with self._wanted:
                self._answered = asked
                self._wanted.notify_all()
            self._after()

    def _guarded(self, collect: bool, deliver: bool, how: Mapping[str, bool]) -> None:
        try:
            if collect:
                self.collect()
            if deliver:
                self._deliver(how)
        except Unavailable as error:
            # The agent says hello when it is back, and fetches what it should serve.
            log.warning("agent unavailable", error=str(error))
        except MailserverError as error:
            log.warning("delivery failed", error=str(error))
        except Exception:  # noqa: BLE001  # a bug in one delivery must not end all later ones
            log.exception("bug", op="delivery")

    def _deliver(self, how: Mapping[str, bool]) -> None:
        target = self.target()
        if target["main"] in self.kept:
            how = {"retry": True, "degraded": True}
        if not target["release"]:
            return
        try:
            outcome = self._ask({"op": "apply", **target, **how}, APPLY_SECONDS)
        except MailserverError as error:
            if not isinstance(error, Unavailable):  # nothing will come of waiting
                self._tell(self._rejected(target["number"], str(error)))
            raise
        self._take(list(outcome.get("earlier") or ()), final=False)
        self._take([outcome])

    def collect(self) -> None:
        """Fetch the outcomes that the agent still keeps, record them, let it forget them."""
        self._take(list(self._ask({"op": "outcomes"}, ASK_SECONDS).get("outcomes") or []))

    def _take(self, outcomes: list[dict[str, Any]], final: bool = True) -> None:
        for outcome in outcomes:
            self._record(outcome)
            self._tell(outcome, final)
        ids = [outcome["id"] for outcome in outcomes if outcome.get("id")]
        if ids:
            self._ask({"op": "ack", "ids": ids}, ASK_SECONDS)

    def _tell(self, outcome: dict[str, Any], final: bool = True) -> None:
        """Answer those who wait."""
        with self._intake.changed:
            if final and (not self._newest or _number(outcome) >= _number(self._newest)):
                self._newest = cast(Applied, outcome)  # the agent's words are passed on as they are
            self._intake.changed.notify_all()

    def _rejected(self, number: int, reason: str) -> dict[str, Any]:
        """The outcome where the agent does not come to one of its own; it is offered the release again."""
        serving = self.seen.status.applied
        why = {"service": "agent", "reason": reason, "seconds": 0.0}
        return {"outcome": OutcomeKind.REJECTED, "release": number, "serving": serving, **why}

    def _record(self, outcome: dict[str, Any]) -> None:
        intake = self._intake
        with intake.writing("recording an outcome"):
            good = outcome.get("outcome") == OutcomeKind.APPLIED
            origin = "" if good else origin_of(intake.stores, outcome, self.node)
            self.held.take(intake.stores, outcome.get("held") or (), intake.release)
            events = (
                *outcome_events(
                    self.seen, outcome, origin, position_of(intake.stores, outcome), self.held.files
                ),
                *_observed(self.seen, outcome),
            )
            if events:
                intake.record(events, Cause("agent", "agent"), renders=False)
        if outcome.get("outcome") != OutcomeKind.APPLIED:
            log.warning("release", **{k: outcome.get(k) for k in ("outcome", "release", "service", "reason")})


def _number(outcome: Mapping[str, Any]) -> int:
    """The release that was tried."""
    return int(outcome.get("release") or 0)


def _observed(state: State, outcome: Mapping[str, Any]) -> list[Event]:
    """What the node says of its files with an outcome that is not older than what is known."""
    late = _number(outcome) < state.status.attempted
    return [] if late or "observed" not in outcome else file_events(state, outcome["observed"])
