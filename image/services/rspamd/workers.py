"""A reload of Rspamd that returns once new workers judge mail.

Rspamd reads its configuration for half a second after SIGHUP, starts new workers, and only then tells the
old ones to end, which go on judging mail by the old rules until they do (rspamd(8)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agent.errors import Failed
from agent.health.processes import Processes, children, wait_until
from agent.health.supervisor import Programs
from services.base import Runner, Signal

PROGRAM = "rspamd"
HANG_UP = Signal(PROGRAM, "HUP")
"""Re-reads the configuration, keeps the old one when it is broken (rspamd(8))."""
WORKER_SECONDS = 10.0
"""Within which Rspamd has new workers, on a busy machine too, if it takes its configuration."""
SESSION_SECONDS = 3.0
"""Bounds the wait for its old workers: one may be in the middle of a message."""


@dataclass(frozen=True, slots=True)
class NextWorkers:
    """Signals Rspamd and waits for its next workers. `children` lists what a process has started."""

    children: Callable[[int], Processes] = children

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Reload. Raises Failed where no new workers come: it keeps the old configuration then."""
        _, _, pid = programs.states().get(PROGRAM, ("", 0, 0))
        workers = partial(self.children, pid)
        previous = workers() if pid else {}
        HANG_UP(service, programs, runner)
        if not previous:
            return
        if not wait_until(lambda: bool(workers().keys() - previous.keys()), WORKER_SECONDS):
            raise Failed(service, f"{service} did not take over its configuration")
        wait_until(lambda: not previous.keys() & workers().keys(), SESSION_SECONDS)
