"""A reload of Postfix that returns once the new generation of processes serves.

`postfix reload` returns when master has been sent its signal (postfix(1), master(8)). Until it has acted,
and its children have heard of it, the old configuration answers: a probe that meets them says nothing of
the new one. Master starts a new queue manager once all other services know; one that was not there before
is the sign. The old helpers end some milliseconds later. A new process that asks one of them in between is
cut off twice and sleeps for a second, and with it all clients of its port: so the probes, which make master
start such processes, wait for that too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.health.processes import Processes, children_of, wait_until
from agent.health.supervisor import Programs
from services.base import Command, Runner

COMMAND = Command(("postfix", "reload"))
MASTER = Path("/var/spool/postfix/pid/master.pid")
SIGN = "qmgr"
HELPERS = frozenset(["anvil", "tlsmgr", "proxymap"])
SETTLE_SECONDS = 3.0
"""Bounds the wait for the sign; whatever came of it, the probes decide."""
HELPER_SECONDS = 0.5
"""Bounds the wait for helpers: one may be held up by a client of its own."""


processes = partial(children_of, MASTER)


@dataclass(frozen=True, slots=True)
class NextGeneration:
    """Reloads Postfix and waits for its next processes. `current` lists the present ones."""

    current: Callable[[], Processes] = processes

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Reload. Raises Failed."""
        previous = self.current()
        COMMAND(service, programs, runner)
        if not previous:
            return
        wait_until(lambda: bool(_called(self.current(), {SIGN}) - previous.keys()), SETTLE_SECONDS)
        helpers = _called(previous, HELPERS)
        wait_until(lambda: not helpers & self.current().keys(), HELPER_SECONDS)


def _called(these: Processes, names: set[str] | frozenset[str]) -> set[int]:
    return {pid for pid, name in these.items() if name in names}
