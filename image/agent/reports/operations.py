"""The operations of the agent's socket (docs/agent.md lists them)."""

from __future__ import annotations

import pwd
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from agent.apply.checks import Checker
from agent.apply.engine import Engine, Request
from agent.apply.quarantine import find_rows
from agent.apply.queue import ApplyQueue
from agent.apply.rescue import look_again
from agent.apply.trying import Trying
from agent.certificates.slots import CertificateSlots
from agent.config_volume.volume import Volume
from agent.files import owners
from agent.log import log
from agent.release.git_objects import ObjectReader
from agent.release.held import hold, overlay
from agent.release.manifest import read_release
from agent.reports.readiness import Readiness
from agent.reports.server import Operation
from agent.reports.status import Status

CONTROL_ACCOUNT = "git"
"""The user that the control plane runs as."""
STARTING_SECONDS = 90.0
"""Below the time that the daemon waits for an apply."""
PROJECTION_SECONDS = 5.0
"""How long who waits for the config volume does; it is written right after an apply was answered."""


class Operations:
    """What the daemon can ask for."""

    def __init__(
        self,
        engine: Engine,
        queue: ApplyQueue,
        status: Status,
        volume: Volume,
        checker: Checker,
        readiness: Readiness,
        slots: CertificateSlots,
        caught_up: threading.Event,
        trying: Trying,
    ) -> None:
        self.caught_up = caught_up
        self.engine, self.node = engine, engine.node
        self.queue, self.status, self.volume, self.checker = queue, status, volume, checker
        self.readiness, self.slots, self.trying = readiness, slots, trying

    def table(self) -> Mapping[str, Operation]:
        """Name to operation: the whole of what the socket offers."""
        return {
            "apply": self.apply,
            "validate": self.validate,
            "status": self.report,
            "check": lambda _: self.trying.answer(),
            "certificates": lambda _: {
                "refused": self.slots.refused,
                "passed_over": self.slots.passed_over,
            },
            "health": lambda _: self.health(),
            "suspend": lambda _: self.suspend(True),
            "resume": lambda _: self.suspend(False),
            "outcomes": lambda _: {"outcomes": self.node.journal.outcomes()},
            "ack": self.acknowledge,
            "drift": lambda _: self.drift(),
            "owners.mend": lambda _: self.mend_owners(),
        } | self._of_services()

    def _of_services(self) -> dict[str, Operation]:
        return {
            name: operation
            for service in self.node.services
            if service.operations
            for name, operation in service.operations(self.node.paths).items()
        }

    def apply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Bring a release to serve; the answer is its outcome.

        While the agent starts it waits: what the node itself reports then makes newer releases, and only the
        last of them is worth an apply.
        """
        self.caught_up.wait(STARTING_SECONDS)
        wanted = Request(
            str(request["release"]),
            int(request["number"]),
            str(request["main"]),
            bool(request.get("retry")),
            bool(request.get("degraded")),
        )
        return self.queue.submit(wanted)

    def validate(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the daemons' checkers about a staged tree, which may still be in a push's quarantine."""
        start = self.node.clock()
        tree, folders = str(request["tree"]), [str(folder) for folder in request.get("objects", [])]
        with ObjectReader(self.node.paths.repository, folders) as objects:
            target = read_release(objects, tree, self.node.services.areas)
            rows = find_rows(self.node.journal.quarantine(), target) if self.node.release.commit else []
            target = overlay(target, hold(self.node.release, rows))
            base = self.node.release.files
            new = [entry for path, entry in target.files.items() if base.get(path) != entry]
            unresolved = self.node.contents.unresolved(objects, new)
            problems = unresolved or self.checker(objects, self.node.release, target)
            checked = self.checker.checked
        redact = self.node.placeholders.redact
        rows = [problem.as_dict() | {"message": redact(problem.message)} for problem in problems]
        return {"problems": rows, "checked": checked, "seconds": round(self.node.clock() - start, 3)}

    def report(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """Status, with what concerns the config volume."""
        look_again(self.node)
        refused = [{"path": path, "reason": reason} for path, reason in sorted(self.volume.refused.items())]
        return self.status.report() | {
            "volume_refused": refused,
            "volume": self.volume.note,
            "ready": self.readiness.ready,
            "certificate_refused": self.slots.refused,
            **self.node.findings.report(),
        }

    def health(self) -> dict[str, Any]:
        """Whether everything serves, and when mail last went all the way through."""
        passed = self.node.watch.passed_at
        told = (
            {"mail_passed": datetime.fromtimestamp(passed, UTC).isoformat(timespec="seconds")}
            if passed
            else {}
        )
        return {"healthy": self.readiness.ready and self.status.healthy(), **told}

    def suspend(self, on: bool) -> dict[str, Any]:
        """Hold releases back, or let them through again."""
        self.node.journal.suspend(on)
        log.info("suspended" if on else "resumed")
        return {"suspended": on}

    def acknowledge(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Outcomes that the daemon has recorded; answered when the config volume follows `main` too."""
        ids = [str(name) for name in request["ids"]]
        self.node.journal.acknowledge(ids)
        if self.queue.lock.acquire(timeout=PROJECTION_SECONDS):
            self.queue.lock.release()
        return {"acknowledged": len(ids)}

    def drift(self) -> dict[str, Any]:
        """Look at every managed file now."""
        with self.queue.lock:
            self.node.drift = sorted(set(self.node.drifted(self.node.release)) - self.node.pinned)
            return {"paths": list(self.node.drift), "pinned": sorted(self.node.pinned)}

    def mend_owners(self) -> dict[str, Any]:
        """Give the state repository and the control folder back to the control plane's account."""
        account = pwd.getpwnam(CONTROL_ACCOUNT)
        return owners.mend(self.node.paths.repository.parent, account.pw_uid, account.pw_gid)
