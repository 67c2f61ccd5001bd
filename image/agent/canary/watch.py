"""When mail last went all the way through the server, and whether it still does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.canary.steps import Canary, Ground, Report, Verdict
from agent.canary.trial import run_trial
from agent.commands import Ran
from agent.health.logs import LogMark
from wire.manifest import Probe

FIRST_SECONDS, LAST_SECONDS = 4.0, 3.0
"""How long all steps may take but the last ones, and these: with what undoing takes, below ten seconds."""

BUSY, MOST_PATIENT = 2.0, 5.0
"""Processes per processor above which everything takes longer, and how much longer at most."""


class Watch:
    """Runs the canary, one run at a time, and remembers what the last one of the serving release found."""

    def __init__(
        self,
        root: Path,
        canaries: Mapping[str, Canary],
        runner: Callable[[Sequence[str], float], Ran],
        mark: Callable[[], LogMark],
        redact: Callable[[str], str],
    ) -> None:
        self._root, self._canaries, self._runner = root, canaries, runner
        self._mark, self._redact = mark, redact
        self._lock = threading.Lock()
        self.last: Report | None = None
        """What the release that serves was found to do; None where that is not known."""
        self.on_purpose: tuple[str, ...] = ()
        """What fails, and what was said, where somebody keeps it all the same."""
        self.broken: tuple[str, ...] = ()
        """Steps that people were served by and are not any more, also at a second try, and not on purpose."""
        self._served: set[str] = set()
        self.passed_at = 0.0
        """When a message last went all the way through (Unix time); 0 for never."""

    def concerns(self, services: Iterable[str]) -> bool:
        """Whether one of the services stands between a client and a mailbox."""
        return not self._canaries.keys().isdisjoint(services)

    def run(
        self, probes: Mapping[str, Sequence[Probe]], owner: tuple[int, int], before: Report | None = None
    ) -> Report:
        """Make the services, by name with the places where they listen, do their work once.

        It ends early where something fails that did not `before`.
        """
        with self._lock:
            slow = slowness()
            ground = Ground(
                self._root, probes, self._runner, self._mark(), time.monotonic() + FIRST_SECONDS * slow,
                LAST_SECONDS * slow, owner,
            )  # fmt: skip
            canaries = {name: each for name, each in self._canaries.items() if name in probes}
            return run_trial(ground, canaries, before).redacted(self._redact)

    def keep(self, report: Report, on_purpose: Sequence[str] = (), repeated: bool = False) -> None:
        """Remember what the release that serves was found to do, and what of it somebody wants so.

        A failure is one of the server's only where it is `repeated`: once may be chance.
        """
        self.last = report
        if not report.is_taken:
            return
        self.on_purpose = (*on_purpose, *self.on_purpose) if report.failures else ()
        self._served |= {each.step for each in report.findings if each.verdict == Verdict.PASSED}
        wanted = {text.partition(": ")[0] for text in self.on_purpose}
        now = self._served & {each.step for each in report.failures} - wanted
        self.broken = tuple(sorted(now if repeated else now.intersection(self.broken)))
        if report.delivered and not report.failures:
            self.passed_at = report.at

    def as_dict(self) -> dict[str, Any]:
        """What `status` tells; plain values."""
        return {
            "passed_at": round(self.passed_at, 3),
            "on_purpose": list(self.on_purpose),
            "last": self.last.as_dict() if self.last else None,
        }


def slowness() -> float:
    """How many times longer things may take, as the machine has more to do than it can (getloadavg(3))."""
    return min(MOST_PATIENT, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / BUSY))
