"""After the start: bring what the node knows into the log, then apply the newest release, once."""

from __future__ import annotations

import threading
from typing import Any

from agent.apply.node import Node
from agent.certificates.slots import CertificateSlots
from agent.config_volume.volume import Volume
from agent.config_volume.watching import Watching
from agent.errors import AgentError
from agent.log import log
from agent.reports.first_account import FirstAccount
from agent.reports.readiness import Readiness
from agent.start.dialogue import Dialogue
from agent.start.serving import Serving


class CatchingUp:
    """`done` is set when requests to apply may be carried out."""

    def __init__(
        self,
        node: Node,
        serving: Serving,
        dialogue: Dialogue,
        volume: Volume,
        slots: CertificateSlots,
        watching: Watching,
        first_account: FirstAccount,
        readiness: Readiness,
        lock: threading.RLock,
        done: threading.Event,
    ) -> None:
        self._node, self._serving, self._dialogue = node, serving, dialogue
        self._volume, self._slots, self._watching = volume, slots, watching
        self._first_account, self._readiness, self._done = first_account, readiness, done
        self._lock = lock
        """Held while anything changes on the node."""

    def run(self) -> None:
        """Certificates and the config volume go first, so that the first release that is ever applied has TLS
        and the accounts that were there already: until then no mail is answered, and none refused.
        """
        newest = self._dialogue.hello()
        try:
            self._serving.serve_known(newest)
            self._hold_back(newest)
            self._settle_certificates(newest)
            self._remember_projection()
            if self._volume.report():
                self._watching.freshen_volume()
            newest = self._dialogue.hello()
        except (AgentError, OSError) as error:
            log.warning("certificates or config volume not settled", reason=error)
        self._first_account.volume_seen()
        try:
            self._dialogue.apply_newest(newest, retry=not self._node.applied.commit)
            self._project_missed(newest)
        except (AgentError, TimeoutError) as error:
            log.warning("catching up", reason=error)
        finally:
            self._done.set()
            if self._node.release.services:
                self._readiness.release_serves()

    def _project_missed(self, newest: dict[str, Any]) -> None:
        """Write to the volume what an agent that ended between its answer and the projection did not."""
        main = str(newest.get("main") or "")
        if main not in ("", self._volume.main) and int(newest["number"]) >= self._node.applied.number:
            with self._lock, self._node.open() as objects:
                self._volume.follow(objects, main)

    def _hold_back(self, answer: dict[str, Any]) -> None:
        """Somebody suspended releases, says the log, and the mark of it is gone."""
        if answer.get("suspended") and not self._node.journal.suspended:
            self._node.journal.suspend(True)
            self._node.findings.mended(
                "agent", "the mark that releases are held back was lost: set, as the log says"
            )

    def _remember_projection(self) -> None:
        main = self._node.applied.main
        if self._volume.forgotten and main:
            with self._node.open() as objects:
                self._volume.remember(objects, main)

    def _settle_certificates(self, newest: dict[str, Any]) -> None:
        commit = str(newest.get("release") or "")
        if commit:
            with self._node.open() as objects:
                target = self._node.read(objects, commit, int(newest["number"]))
            self._slots.check(target.certificates, target.hostname)
