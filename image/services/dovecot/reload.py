"""A reload of Dovecot after which nobody is judged by the configuration of before.

A process `auth` goes on while somebody is connected to it, and smtpd(8) stays connected for up to a hundred
sessions: whoever submits mail would be asked by what served before, also by a release that was taken back.
Postfix connects anew where its connection ends. So it does to `quota-status`, which stays as long and would
fail once at a log-in process that is gone: mail would be put off.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agent.health.processes import Processes, children_of
from agent.health.supervisor import Programs, restart
from services.base import Command, Runner
from services.dovecot.listeners import has_moved

# The one-threaded master answers when it is through with the signal; before, a probe might still meet the
# previous listeners.
COMMAND = Command(("doveadm", "reload"), settle=("doveadm", "service", "status", "master"))
MASTER = Path("/run/dovecot/master.pid")
ASKED = frozenset(["auth", "quota-status"])
PROGRAM = "dovecot"


processes = partial(children_of, MASTER)


@dataclass(frozen=True, slots=True)
class NewAuth:
    """Reloads Dovecot and ends the processes that Postfix asked before. `current` lists its processes.

    Where a reload would not do (`listeners.has_moved`) it is a restart.
    """

    current: Callable[[], Processes] = processes
    end: Callable[[int, int], object] = os.kill
    moved: Callable[[Runner], bool] = has_moved

    def __call__(self, service: str, programs: Programs, runner: Runner) -> None:
        """Reload. Raises Failed."""
        if self.moved(runner):
            restart(programs, [PROGRAM])
            return
        before = self.current()
        COMMAND(service, programs, runner)
        after = self.current()
        for pid, name in before.items():
            if name in ASKED and after.get(pid) == name:
                with contextlib.suppress(ProcessLookupError):
                    self.end(pid, signal.SIGTERM)
