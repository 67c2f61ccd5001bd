"""How a service is told: the one table of commands. A release names actions; it cannot add a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from agent.apply.plan import Plan
from agent.commands import Ran, run
from agent.errors import Failed
from agent.files.compilers import last_line
from agent.health.supervisor import Programs, ensure_running, restart
from agent.process_generation import Processes, children, processes, wait_for_next, wait_for_workers
from agent.release.manifest import Release, ServiceEntry

RELOAD_DEADLINE = 10.0

RELOAD_COMMANDS: dict[str, Sequence[str]] = {
    "postfix": ("postfix", "reload"),
    "dovecot": ("doveadm", "reload"),
}
SETTLE_COMMANDS: dict[str, Sequence[str]] = {
    "dovecot": ("doveadm", "service", "status", "master"),
}
"""Asked after a reload: Dovecot's one-threaded master answers when it is through with the signal.

Without it a probe might still meet the listeners of before.
"""
RELOAD_SIGNALS: dict[str, tuple[str, str]] = {
    "rspamd": ("rspamd", "HUP"),  # rspamd(8): re-reads its configuration, keeps the old one when it is broken
    "sshd": ("sshd", "HUP"),  # sshd(8)
}
"""Service to (supervisor program, signal). A service that is in neither table is restarted."""

TAKE_MAIL = frozenset({"dovecot"})
"""Where Postfix delivers to. Their sockets are away for a moment of each reload, and what comes then is put
off for minutes (postconf(5), minimal_backoff_time): it is flushed."""
HAVE_WORKERS = frozenset({"rspamd"})
"""Of these, those whose old processes serve on until new ones have read the configuration."""

Runner = Callable[[Sequence[str], float], Ran]


@dataclass(frozen=True, slots=True)
class Actor:
    """Carries out the actions of a plan."""

    programs: Programs
    runner: Runner = run
    generation: Callable[[], Processes] = processes
    """Postfix's processes of now."""
    children: Callable[[int], Processes] = children
    """The processes that one has started."""

    def act(self, plan: Plan, release: Release) -> set[str]:
        """Stop, start, restart and reload in the release's order; returns services that start cold."""
        for name in plan.stop:
            self.programs.stop(name)
        started: set[str] = set()
        if plan.starts:
            names = [p for s in release.services.values() for p in s.programs]
            started = set(ensure_running(self.programs, names))
        cold = set()
        for service in release.services.values():
            action = plan.actions.get(service.name, "none")
            if started.intersection(service.programs):
                cold.add(service.name)
                if started.issuperset(service.programs):
                    continue  # it has just read the new files
            if self._apply_action(service, action):
                cold.add(service.name)
        return cold

    def flush(self, release: Release) -> None:
        """Let Postfix deliver now what it put off while a service was away (postqueue(1), -f)."""
        if "postfix" in release.services:
            self.runner(("postqueue", "-f"), RELOAD_DEADLINE)  # whatever it says: it tries again by itself

    def _apply_action(self, service: ServiceEntry, action: str) -> bool:
        """One service's action; whether it was restarted."""
        if action == "none":
            return False
        if action == "reload" and service.name in RELOAD_COMMANDS:
            self._reload(service.name)
            return False
        if action == "reload" and service.name in RELOAD_SIGNALS:
            self._signal(service.name)
            return False
        restart(self.programs, service.programs)
        return True

    def _signal(self, name: str) -> None:
        program, signal = RELOAD_SIGNALS[name]
        _, _, pid = self.programs.states().get(program, ("", 0, 0)) if name in HAVE_WORKERS else ("", 0, 0)
        workers = partial(self.children, pid)
        before = workers() if pid else {}
        self.programs.signal(program, signal)
        if not wait_for_workers(before, workers):
            raise Failed(name, f"{name} did not take over its configuration")

    def _reload(self, name: str) -> None:
        before = self.generation() if name == "postfix" else {}
        ran = self.runner(RELOAD_COMMANDS[name], RELOAD_DEADLINE)
        if ran.timed_out:
            raise Failed(name, f"reload of {name} hung for {RELOAD_DEADLINE:.0f} s")
        if ran.code:
            raise Failed(name, f"reload of {name} failed: {last_line(ran.output)}")
        if name in SETTLE_COMMANDS:
            self.runner(SETTLE_COMMANDS[name], RELOAD_DEADLINE)  # whatever it says: the probes decide
        wait_for_next(before, self.generation)
