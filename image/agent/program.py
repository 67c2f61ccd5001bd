"""The agent put together: start what was applied, ask the daemon what is wanted, then wait for changes."""

from __future__ import annotations

import grp
import math
import threading
import time
from typing import Any

from agent.apply.actions import Actor
from agent.apply.checks import Checker
from agent.apply.engine import Engine, Request
from agent.apply.keeping import Keeping
from agent.apply.node import Node
from agent.apply.queue import ApplyQueue
from agent.apply.recovery import recover, serve_applied
from agent.apply.rescue import newest, open_repository
from agent.certificates.slots import CertificateSlots
from agent.certificates.store import Certificates
from agent.config_volume.volume import Volume
from agent.config_volume.watching import Watching
from agent.daemon_client import DaemonClient
from agent.errors import AgentError
from agent.files.managed import ManagedFiles
from agent.health.supervisor import Supervisor
from agent.log import log, show
from agent.paths import Paths
from agent.records.journal import Applied, Journal
from agent.reports.first_account import ACCOUNTS, FirstAccount
from agent.reports.operations import Operations, apply_and_project
from agent.reports.readiness import Readiness
from agent.reports.server import make_server
from agent.reports.status import Status
from services import NODE_SERVICES
from services.base import NodeServices
from wire.nodes import DEFAULT_NODE

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
FIRST_RETRY, LAST_RETRY = 2.0, 128.0
"""Seconds of the first and the last pause before a failed start is tried again."""
SERVE_WITHOUT_DAEMON = 20.0
"""Seconds that a node without any record of what it served waits for the daemon to say."""
MOST_TRIED = 5
"""Releases that are tried then; one that does not serve takes up to half a minute."""
READY_WITHOUT_DAEMON = 30.0
"""Seconds after which a node that serves its applied release is called ready although nobody answers."""


class Agent:
    """All parts, wired. `paths` says where; everything else follows from it."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        paths.state.mkdir(parents=True, exist_ok=True)
        self.daemon = DaemonClient(paths.daemon_socket, DEFAULT_NODE)
        certificates = Certificates(paths.state / "certs")
        services = NodeServices(NODE_SERVICES)
        self.checker = Checker(
            paths.root, paths.run, lambda objects, entry: self.node.content(objects, entry), services
        )
        self.node = Node(
            paths, Journal(paths.state), Actor(Supervisor(paths.supervisor_socket), services),
            self.checker, certificates, ManagedFiles(paths.root), services,
        )  # fmt: skip
        self.engine = Engine(self.node)
        self.findings = self.node.findings
        self.volume = Volume(paths.volume, paths.state / "projection.json", self.daemon, self.findings)
        self.slots = CertificateSlots(
            paths.root,
            paths.state,
            certificates,
            self.daemon,
            self.node.placeholders.opening.opened,
            self.findings,
        )
        self.keeping = Keeping(self.node)
        self.readiness = Readiness(self.node)
        self.queue = ApplyQueue(self._apply)
        self.first_account = FirstAccount(
            self.node, self.queue.lock, lambda: self.volume.refused.get(ACCOUNTS, "")
        )
        self.node.project = self.volume.project
        self.node.mend_certificates = self.slots.mend
        self.caught_up = threading.Event()
        self.watching = Watching(
            self.node, self.queue, self.volume, self.slots, self.daemon, self.apply_newest
        )
        self.operations = Operations(
            self.engine, self.queue, Status(self.node), self.volume, self.checker, self.readiness,
            self.slots, self.caught_up,
        )  # fmt: skip

    def _apply(self, request: Request) -> dict[str, Any]:
        outcome = apply_and_project(self.engine, self.volume, request)
        self._follow()
        if self.caught_up.is_set() and self.node.release.services:
            self.readiness.release_serves()
        return outcome

    def _follow(self) -> None:
        """What the release that serves says of the container as a whole."""
        release = self.node.release
        self.keeping.wake()
        self.watching.follow(release)
        show(release.log_level)
        if release.services:
            self.first_account.follow(release)
        try:
            self.paths.supervisor_log_level.write_text(f"{release.supervisor_log_level}\n")
        except OSError as error:
            log.warning("Supervisor's log level is not kept", reason=error)

    def start_services(self) -> None:
        """Settle what a killed agent left, then serve the release that was applied."""
        with self.queue.lock:
            self._forgive()
            self._take_repairs()
            try:
                actions = recover(self.engine)
                problem = serve_applied(self.engine, actions)
            except (AgentError, OSError) as error:
                problem = str(error)
            self._started(problem)

    def _started(self, problem: str) -> None:
        if problem:
            log.error("start", problem=problem)
            self._try_again(FIRST_RETRY)
        if self.node.release.services:
            self.readiness.release_serves(after=READY_WITHOUT_DAEMON)
            self._follow()

    def _serve_known(self, answer: dict[str, Any]) -> None:
        """Serve what the log says was applied, where the agent's own records of it are all lost."""
        known = answer.get("applied") or {}
        commit = str(known.get("release") or "")
        if self.node.applied.commit or not commit:
            return
        found = Applied(commit, int(known["number"]), str(known.get("main") or ""))
        self._serve(found)
        self._mended(f"the agent's records were lost: release {found.number} serves, as the log says")

    def _serve_newest(self) -> None:
        """Serve the newest release that can be read and answers: nobody is there to say which was applied.

        One that does not answer may have failed before; it gives way to the one before it, and the newest
        one serves where none answers.
        """
        with open_repository(self.node) as objects:
            found = [applied for applied, _ in newest(self.node, objects)]
            for each in [*found[:MOST_TRIED], *found[:1]]:
                self._serve(each)
                with self.queue.lock:
                    silence = self.engine.silence(objects)
                if not silence:
                    break
                log.warning("a release that was tried does not serve", release=each.number, reason=silence)
        number = self.node.applied.number
        self._mended(f"the agent's records were lost and no control plane answers: release {number} serves")

    def _serve(self, found: Applied) -> None:
        with self.queue.lock:
            self.node.applied = found
            problem = serve_applied(self.engine, {})
            if self.node.release.services:
                self.node.journal.set_applied(self.node.applied)
            else:
                self.node.applied = Applied()
            self._started(problem)

    def _mended(self, how: str) -> None:
        if self.node.applied.commit:
            self.findings.mended("agent", how)
            self.findings.gone("agent")

    def _forgive(self) -> None:
        """A new start of the container tries once more what failed before: its cause may be gone."""
        mark = self.paths.run / "started"
        if not mark.exists():
            mark.touch()
            if self.node.journal.quarantine():
                self.node.journal.set_quarantine([])

    def _take_repairs(self) -> None:
        """What the container's start put right before there was an agent."""
        try:
            lines = self.paths.repairs.read_text(errors="replace").splitlines()
            self.paths.repairs.unlink()
        except OSError:
            return
        for line in lines:
            self.findings.mended("owners" if " to use: " in line else "state volume", line)

    def _try_again(self, seconds: float) -> None:
        """Restore the applied release later, with growing pauses, until a newer one took its place."""
        timer = threading.Timer(seconds, self._restore, (self.node.applied.commit, seconds))
        timer.daemon = True
        timer.start()

    def _restore(self, commit: str, seconds: float) -> None:
        with self.queue.lock:
            if self.node.applied.commit != commit:
                return
            problem = serve_applied(self.engine, {})
            log.warning("tried to restore the applied release again", problem=problem or "none")
            if self.node.release.services:
                self._follow()
        if problem and seconds < LAST_RETRY:
            self._try_again(seconds * 2)

    def hello(self) -> dict[str, Any]:
        """Tell the daemon where the node stands; waits until there is a daemon."""
        pause, end = FIRST_PAUSE, time.monotonic() + SERVE_WITHOUT_DAEMON
        while True:
            repairs = self.findings.untold()
            try:
                answer = self.daemon.ask(
                    "agent.hello",
                    applied_commit=self.node.applied.commit,
                    observed=self.node.observed(),
                    repairs=[{"part": each.part, "how": each.how} for each in repairs],
                )
            except AgentError as error:
                if time.monotonic() > end and not self.node.applied.commit:
                    end = math.inf
                    self._serve_newest()
                if pause == LONGEST_PAUSE:
                    log.warning("waiting for the control plane", reason=error)
                time.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 1.5)
            else:
                self.findings.tell(repairs)
                return answer

    def apply_newest(self, newest: dict[str, Any], retry: bool = False) -> None:
        """Apply what the daemon said is newest, unless that is what serves, wholly."""
        commit = str(newest.get("release") or "")
        if commit and (commit != self.node.applied.commit or self.node.applied.held):
            outcome = self.queue.submit(Request(commit, int(newest["number"]), str(newest["main"]), retry))
            self.report_outcomes(outcome)

    def report_outcomes(self, _outcome: object = None) -> None:
        """Outcomes of applies that the daemon did not ask for are fetched by it."""
        if self.node.journal.outcomes():
            self.daemon.ask("agent.outcomes")

    def catch_up(self) -> None:
        """After the start: bring what the node knows into the log, then apply the newest release, once.

        Certificates and the config volume go first, so that the first release that is ever applied has TLS
        and the accounts that were there already: until then no mail is answered, and none refused.
        """
        newest = self.hello()
        try:
            self._serve_known(newest)
            self._hold_back(newest)
            self._settle_certificates(newest)
            self._remember_projection()
            if self.volume.report():
                self.watching.freshen_volume()
            newest = self.hello()
        except (AgentError, OSError) as error:
            log.warning("certificates or config volume not settled", reason=error)
        self.first_account.volume_seen()
        try:
            self.apply_newest(newest, retry=not self.node.applied.commit)
        except (AgentError, TimeoutError) as error:
            log.warning("catching up", reason=error)
        finally:
            self.caught_up.set()
            if self.node.release.services:
                self.readiness.release_serves()

    def _hold_back(self, answer: dict[str, Any]) -> None:
        """Somebody suspended releases, says the log, and the mark of it is gone."""
        if answer.get("suspended") and not self.node.journal.suspended:
            self.node.journal.suspend(True)
            self.findings.mended(
                "agent", "the mark that releases are held back was lost: set, as the log says"
            )

    def _remember_projection(self) -> None:
        main = self.node.applied.main
        if self.volume.forgotten and main:
            with self.node.open() as objects:
                self.volume.remember(objects, main)

    def _settle_certificates(self, newest: dict[str, Any]) -> None:
        commit = str(newest.get("release") or "")
        if commit:
            with self.node.open() as objects:
                target = self.node.read(objects, commit, int(newest["number"]))
            self.slots.check(target.certificates, target.hostname)


def main() -> int:
    """Run until supervisor ends the process."""
    agent = Agent(Paths())
    try:
        group = grp.getgrnam("git").gr_gid
    except KeyError:
        group = None
    server = make_server(agent.paths.socket, agent.operations.table())
    server.bind(group)
    threading.Thread(target=server.serve, name="socket", daemon=True).start()
    agent.start_services()
    agent.keeping.start()
    agent.catch_up()
    agent.watching.run()
    return 0
