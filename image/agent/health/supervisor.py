"""supervisord over its UNIX socket (its XML-RPC interface is documented in supervisor's `api` chapter)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from agent.errors import AgentError, Failed
from agent.health.xmlrpc import Fault, call

CALL_DEADLINE = 75.0  # longer than any program's stopwaitsecs
RUNNING = ("RUNNING", "STARTING", "BACKOFF")
NOT_RUNNING = 70  # supervisor.xmlrpc.Faults
ALREADY_STARTED = 60


class Programs(Protocol):
    """Starting and stopping of the image's fixed programs; also what tests put in its place."""

    def states(self) -> dict[str, tuple[str, int, int]]:
        """Program to (state, start as Unix time, pid)."""
        ...

    def start(self, name: str) -> None:
        """Start a program. Raises Failed."""
        ...

    def stop(self, name: str) -> None:
        """Stop a program; no error when it does not run."""
        ...

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to a program's process."""
        ...

    def shut_down(self) -> None:
        """End all programs and supervisor itself, and so the container."""
        ...


class Supervisor:
    """The real Programs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _call(self, method: str, *arguments: str | bool) -> Any:
        return call(self._path, f"supervisor.{method}", *arguments, seconds=CALL_DEADLINE)

    def states(self) -> dict[str, tuple[str, int, int]]:
        """Program to (state, start as Unix time, pid)."""
        rows = self._call("getAllProcessInfo")
        return {row["name"]: (row["statename"], row["start"], row["pid"]) for row in rows}

    def start(self, name: str) -> None:
        """Start without waiting for startsecs: the probes say when it serves. Raises Failed."""
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            if fault.code != ALREADY_STARTED:
                raise Failed(name, f"{name} could not be started: {fault.message}") from fault

    def stop(self, name: str) -> None:
        """Stop and wait; no error when it does not run."""
        try:
            self._call("stopProcess", name, True)
        except Fault as fault:
            if fault.code != NOT_RUNNING:
                raise Failed(name, f"{name} could not be stopped: {fault.message}") from fault

    def signal(self, name: str, signal: str) -> None:
        """Send a signal; a program that does not run is started by the next step anyway."""
        try:
            self._call("signalProcess", name, signal)
        except Fault as fault:
            if fault.code != NOT_RUNNING:
                raise Failed(name, f"{name} could not be signalled: {fault.message}") from fault

    def shut_down(self) -> None:
        """End everything; returns at once."""
        self._call("shutdown")


def ensure_running(programs: Programs, names: Iterable[str]) -> list[str]:
    """Start what is not running, in order; returns what had to be started. Raises Failed, Unavailable."""
    states = programs.states()
    started = []
    for name in names:
        if states.get(name, ("UNKNOWN", 0, 0))[0] not in RUNNING:
            programs.start(name)
            started.append(name)
    return started


def restart(programs: Programs, names: Iterable[str]) -> None:
    """Stop in reverse order, start in order."""
    rows = list(names)
    for name in reversed(rows):
        programs.stop(name)
    for name in rows:
        programs.start(name)


def has_died(programs: Programs, names: Iterable[str]) -> bool:
    """Whether one of the programs ended by itself; False when supervisor cannot be asked."""
    try:
        states = programs.states()
    except (AgentError, OSError):
        return False
    return any(states.get(name, ("UNKNOWN", 0, 0))[0] in ("BACKOFF", "FATAL", "EXITED") for name in names)


def all_running(programs: Programs, names: Iterable[str]) -> bool:
    """Whether all are up and past their start; True when supervisor cannot be asked."""
    try:
        states = programs.states()
    except (AgentError, OSError):
        return True
    return all(states.get(name, ("UNKNOWN", 0, 0))[0] == "RUNNING" for name in names)


def since(start: int) -> float:
    """Seconds that a program has been up."""
    return max(0.0, time.time() - start) if start else 0.0
