"""The agent put together: start what was applied, ask the daemon what is wanted, then wait for changes."""

from __future__ import annotations

import grp
import threading

from agent.apply.actions import Actor
from agent.apply.checks import Checker
from agent.apply.engine import Engine, Request, is_older
from agent.apply.keeping import Keeping
from agent.apply.node import Node
from agent.apply.queue import Answer, ApplyQueue
from agent.apply.trying import Trying
from agent.certificates.slots import CertificateSlots
from agent.certificates.store import Certificates
from agent.config_volume.volume import Volume
from agent.config_volume.watching import Watching
from agent.daemon_client import DaemonClient
from agent.files.managed import ManagedFiles
from agent.health.supervisor import Supervisor
from agent.log import log, show
from agent.paths import Paths
from agent.records.journal import Journal
from agent.reports.first_account import ACCOUNTS, FirstAccount
from agent.reports.operations import Operations
from agent.reports.readiness import Readiness
from agent.reports.server import make_server
from agent.reports.status import Status
from agent.start.catching_up import CatchingUp
from agent.start.dialogue import Dialogue
from agent.start.serving import Serving
from services import NODE_SERVICES
from services.base import NodeServices
from wire.nodes import DEFAULT_NODE


class Agent:
    """All parts, wired. `paths` says where; everything else follows from it."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        paths.state.mkdir(parents=True, exist_ok=True)
        self.daemon = DaemonClient(paths.daemon_socket, DEFAULT_NODE)
        certificates = Certificates(paths.state / "certs")
        services = NodeServices(NODE_SERVICES)
        self.checker = Checker(
            paths.root, paths.run, lambda objects, entry: self.node.contents.content(objects, entry), services
        )
        self.node = Node(
            paths, Journal(paths.state), Actor(Supervisor(paths.supervisor_socket), services),
            self.checker, certificates, ManagedFiles(paths.root), services,
        )  # fmt: skip
        self.engine = Engine(self.node)
        self.findings = self.node.findings
        record = paths.state / "projection.json"
        self.volume = Volume(paths.volume, record, self.daemon, self.findings, self.node.open)
        self.slots = CertificateSlots(
            paths.root,
            paths.state,
            certificates,
            self.daemon,
            self.node.placeholders.opening.opened,
            self.findings,
        )
        self.keeping = Keeping(self.node)
        self.queue = ApplyQueue(self._apply)
        self.trying = Trying(self.node, self.queue.lock)
        self.readiness = Readiness(self.node, self.trying.start)
        self.first_account = FirstAccount(
            self.node, self.queue.lock, lambda: self.volume.refused.get(ACCOUNTS, "")
        )
        self.node.project, self.node.volume = self.volume.project, self.volume
        self.volume.placed = lambda: self.node.placed
        self.node.mend_certificates = self.slots.mend
        self.caught_up = threading.Event()
        self.serving = Serving(self.engine, self.queue, self.readiness, self._follow)
        self.dialogue = Dialogue(self.node, self.daemon, self.queue, self.serving.serve_newest)
        self.watching = Watching(
            self.node, self.queue, self.volume, self.slots, self.daemon, self.dialogue.apply_newest
        )
        self.catching_up = CatchingUp(
            self.node, self.serving, self.dialogue, self.volume, self.slots, self.watching,
            self.first_account, self.readiness, self.queue.lock, self.caught_up,
        )  # fmt: skip
        self.operations = Operations(
            self.engine, self.queue, Status(self.node), self.volume, self.checker, self.readiness,
            self.slots, self.caught_up, self.trying,
        )  # fmt: skip

    def _apply(self, request: Request, answer: Answer) -> None:
        """An apply, then the config volume brought to the same commit of `main` whatever the outcome."""
        lost = is_older(self.node, request)  # an older `main` would empty the volume
        with self.node.open() as objects:
            outcome = self.engine.apply(request, objects)
            self._follow()
            if self.caught_up.is_set() and self.node.release.services:
                self.readiness.release_serves()
            answer(outcome)
            if request.main and not lost:
                self.volume.follow(objects, request.main)
                self.watching.have_reread()
            self.engine.look_at_written()

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
    agent.serving.start()
    agent.keeping.start()
    agent.catching_up.run()
    agent.watching.run()
    return 0
