"""The node's present status: services, probes, memory, drift."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

from agent.apply.node import Node
from agent.errors import AgentError
from agent.health.free_space import FreeSpace
from agent.health.probes import Answer, ask_all
from agent.health.supervisor import since
from agent.release.manifest import ServiceEntry

CACHE_SECONDS = 1.0
DNS_SECONDS = 2.0
DNS_KEPT = 60.0
DNS_NAME = "dns.google"  # any name that the public DNS has for certain


class Status:
    """Answers `status` and `health`; probes are run on demand and kept for a second."""

    def __init__(self, node: Node) -> None:
        self.node = node
        paths = node.paths
        state = paths.state.parent
        self.room = FreeSpace(
            {"state": state, "mail": paths.mail, "config": paths.volume},
            {
                "mail": paths.mail,
                "state repository": paths.repository,
                "logs": paths.logs,
                **{name: state / folder for s in node.services for name, folder in s.grows.items()},
            },
        )
        self._lock = threading.Lock()
        self._answers: tuple[float, dict[str, list[Answer]]] = (-CACHE_SECONDS, {})
        self._dns: tuple[float, bool] = (-DNS_KEPT, False)

    def answers(self) -> dict[str, list[Answer]]:
        """One try of every probe, by service."""
        with self._lock:
            (taken, found), now = self._answers, time.monotonic()
            # What was found while a release was being tried says nothing of what serves after it.
            if now - taken > CACHE_SECONDS or taken < self.node.settled:
                found = {name: self._ask(service) for name, service in self.node.release.services.items()}
                self._answers = (now, found)
            return found

    def _ask(self, service: ServiceEntry) -> list[Answer]:
        root, probes = self.node.paths.root, self.node.probes(service)
        answers = ask_all(probes, root)
        if not all(answer.ok for answer in answers):
            fitted = self.node.probes(service, anew=True)
            if fitted != probes:
                return ask_all(fitted, root)
        return answers

    def healthy(self) -> bool:
        """Whether there is a release, all its services answer, and mail can be written and goes through."""
        answers = self.answers()
        answering = bool(answers) and all(a.ok for rows in answers.values() for a in rows)
        return answering and self.room.serves() and not self.node.watch.broken

    def report(self) -> dict[str, Any]:
        """The whole of `status`."""
        node, failure = self.node, self.node.journal.failure()
        answers, states = self.answers(), self._states()
        services = [
            self._service(s, answers.get(name, []), states) for name, s in node.release.services.items()
        ]
        return {
            "node": node.folder,
            "hostname": node.release.hostname,
            "applied": node.applied.number,
            "applied_commit": node.applied.commit,
            "attempted": max(node.applied.number, failure["release"] if failure else 0),
            "suspended": node.journal.suspended,
            "healthy": self.healthy(),
            "failure": failure,
            "services": services,
            "drift": list(node.drift),
            **node.observed(),
            "left_by_patches": node.unmanaged_files.leftovers(),
            "unfilled": {
                entry.path: node.contents.unfilled[entry.identity]
                for entry in node.release.files.values()
                if entry.identity in node.contents.unfilled
            },
            "dns": self.dns(),
            "canary": node.watch.as_dict(),
            **self.room.report(),
        }

    def _states(self) -> dict[str, tuple[str, int, int]]:
        try:
            return self.node.actor.programs.states()
        except AgentError:
            return {}

    def _service(
        self, service: ServiceEntry, answers: list[Answer], states: dict[str, tuple[str, int, int]]
    ) -> dict[str, Any]:
        rows = [states.get(name, ("UNKNOWN", 0, 0)) for name in service.programs]
        # For its first second supervisor calls a program STARTING; whether it serves is for the probes.
        running = all(state in ("RUNNING", "STARTING") for state, _, _ in rows)
        serving = running and all(answer.ok for answer in answers)
        return {
            "name": service.name,
            "state": "serving" if serving else ("running" if running else "down"),
            "since": max((start for _, start, _ in rows), default=0),
            "seconds": round(min((since(start) for _, start, _ in rows), default=0.0), 1),
            "probes": [answer.as_dict() for answer in answers],
            "memory_kib": sum(memory_of_tree(pid) for _, _, pid in rows if pid),
        }

    def dns(self) -> bool:
        """Whether names can be looked up; asked at most once a minute, waited for two seconds."""
        taken, known = self._dns
        if time.monotonic() - taken > DNS_KEPT:
            found: list[bool] = []
            thread = threading.Thread(target=lambda: found.append(_resolves(DNS_NAME)), daemon=True)
            thread.start()
            thread.join(DNS_SECONDS)
            known = bool(found and found[0])
            self._dns = (time.monotonic(), known)
        return known


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True


def memory_of_tree(pid: int, proc: Path = Path("/proc")) -> int:
    """Proportional memory of a process and its descendants in KiB (proc(5), smaps_rollup)."""
    children: dict[int, list[int]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    total, todo = 0, [pid]
    while todo:
        one = todo.pop()
        total += _pss(proc / str(one))
        todo += children.get(one, [])
    return total


def _pss(process: Path) -> int:
    """Proportional memory; the private part alone where a container may not look closer (no SYS_PTRACE)."""
    for name, field in (("smaps_rollup", "Pss:"), ("status", "RssAnon:")):
        try:
            for line in (process / name).read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1])
        except (OSError, ValueError):
            continue
    return 0
