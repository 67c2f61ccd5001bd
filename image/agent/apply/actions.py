"""Carry out the actions of a plan. A release names actions; the image fixes the commands behind them."""

from __future__ import annotations

from dataclasses import dataclass

from agent.apply.plan import Plan
from agent.commands import run
from agent.health.supervisor import Programs, ensure_running, restart
from agent.release.manifest import Release, ServiceEntry
from services.base import RELOAD_DEADLINE, NodeServices, Runner
from wire.manifest import Action


@dataclass(frozen=True, slots=True)
class Actor:
    """Carries out the actions of a plan."""

    programs: Programs
    services: NodeServices
    runner: Runner = run

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
            action = plan.actions.get(service.name, Action.NONE)
            if started.intersection(service.programs):
                cold.add(service.name)
                if started.issuperset(service.programs):
                    continue  # it has just read the new files
            if self._apply_action(service, action):
                cold.add(service.name)
        return cold

    def flush(self, release: Release) -> None:
        """Retry mail that was deferred while a service was unavailable."""
        for name in release.services:
            if words := self.services.of(name).flush:
                self.runner(words, RELOAD_DEADLINE)  # whatever it says: it tries again by itself

    def _apply_action(self, service: ServiceEntry, action: Action) -> bool:
        """One service's action; whether it was restarted."""
        if action == Action.NONE:
            return False
        if action == Action.RELOAD and (reload := self.services.of(service.name).reload):
            reload(service.name, self.programs, self.runner)
            return False
        restart(self.programs, service.programs)
        return True
