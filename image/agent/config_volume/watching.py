"""What happens when files change: edits on the config volume, new certificates, drift."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from agent.apply.node import Node
from agent.apply.plan import Plan
from agent.apply.queue import ApplyQueue
from agent.certificates.slots import CertificateSlots
from agent.config_volume.inotify import Watch
from agent.config_volume.volume import Volume
from agent.daemon_client import DaemonClient
from agent.errors import AgentError
from agent.files.managed import mount_points
from agent.log import log
from agent.release.manifest import Release
from wire.config_folder import place_of
from wire.manifest import Action
from wire.memory import trim_heap

QUIET, LONGEST = 0.15, 0.8
DOUBT_SECONDS = 1.0
"""After which a pair that does not fit is looked at again: its files may come one after the other."""
RETRY_SECONDS = 5.0
DAY = 86400.0


class Watching:
    """One thread, one inotify handle; it sleeps until something changes."""

    def __init__(
        self,
        node: Node,
        queue: ApplyQueue,
        volume: Volume,
        slots: CertificateSlots,
        link: DaemonClient,
        apply_newest: Callable[[dict[str, Any]], None],
    ) -> None:
        self.node, self.queue, self.volume, self.slots, self.daemon = node, queue, volume, slots, link
        self.apply_newest = apply_newest
        self.watch = Watch()
        self._lock = threading.Lock()
        self._sources: set[Path] = set()
        self._looked_at: tuple[object, str] = ((), "")
        self._certificates_due = False
        self._files: set[Path] = set()
        self._reported: list[str] = []
        self._managed = [node.paths.target(service.config) for service in node.services if service.config]
        for folder in (volume.folder, *self._managed):
            self.watch.add(folder)
        for path in (node.paths.root / place for place in mount_points(node.paths.root)):
            if path.is_relative_to(volume.folder) and path.is_file():
                self.watch.add_file(path)  # a folder gives no event for a file that is mounted by itself

    def follow(self, release: Release) -> None:
        """Also watch where this release's files lie and its certificates come from.

        A folder that does not exist yet, or went and came back, is tried again at the next release.
        """
        with self._lock:
            self._files = {self.node.paths.target(path).parent for path in release.files}
            for folder in self._files:
                if not self.watch.watches(folder):
                    self.watch.add(folder, recursive=False)
            self._follow_certificates(release)
        if (release.certificates, release.hostname) != self._looked_at:
            self.look()

    def look(self) -> None:
        """Look at the certificates although nothing is known to have changed. From any thread."""
        self._certificates_due = True
        self.watch.wake()

    def _follow_certificates(self, release: Release) -> None:
        """Links lead elsewhere, files are mounted by themselves: watch each step of each path."""
        self._sources = self.slots.footprints(release.certificates)
        for path in self._sources:
            self.watch.add(path.parent, recursive=False)
            if path.is_file() and not path.is_symlink():
                self.watch.add_file(path)

    def run(self) -> None:
        """Look once at everything, then whenever something changed. Does not return."""
        again = self._look(set(), again=True, daily=False)
        checked = time.monotonic()
        while True:
            seconds = RETRY_SECONDS if again else max(1.0, checked + DAY - time.monotonic())
            seconds = DOUBT_SECONDS if self.slots.doubtful else seconds
            seconds = min(seconds, max(1.0, self.slots.until - time.time()))
            seconds = min(seconds, max(QUIET, self.volume.until - time.monotonic()))
            changed = self.watch.changes(seconds)
            if changed:
                changed |= self.watch.settle(QUIET, LONGEST, time.monotonic)
            daily = time.monotonic() - checked > DAY
            checked = time.monotonic() if daily else checked
            again = self._look(changed, again, daily)
            trim_heap()

    def _look(self, changed: set[Path], again: bool, daily: bool) -> bool:
        """React to changes. Returns whether the daemon did not answer and has to be asked again.

        What fails keeps nothing else from being looked at: only its next change would bring us back to it.
        """
        over = self.volume.until <= time.monotonic()
        again = again or over or _below(changed, [self.volume.folder])
        due = self._certificates_due or self.slots.doubtful or self.slots.until <= time.time()
        renewed = daily or due or bool(changed & self._sources)
        drifted = (
            daily or _below(changed, self._managed) or any(path.parent in self._files for path in changed)
        )
        looks = ((again, self._edits), (renewed, self._certificates), (drifted, self._drift))
        done = [self._guarded(look) for due, look in looks if due]
        return not all(done)

    def _guarded(self, look: Callable[[], bool]) -> bool:
        try:
            return look()
        except (AgentError, OSError, TimeoutError) as error:
            log.warning("watching", reason=error)
            return False

    def _edits(self) -> bool:
        done = self.volume.report(patient=True)
        if not self.watch.watches(self.volume.folder):
            self.watch.add(self.volume.folder)
        self.freshen_volume()
        return done

    def freshen_volume(self) -> None:
        """Project `main` again where a file of the volume has to give way to it."""
        if self.volume.stale and self.volume.main:
            with self.queue.lock, self.node.open() as objects:
                self.volume.project(objects, self.volume.main)
                self.have_reread()

    def have_reread(self) -> None:
        """Reload the services that read what was written just now apart from an apply."""
        release, paths = self.node.release, {place_of(path) for path in self.volume.rewritten}
        self.volume.rewritten.clear()
        names = {n for path in paths & release.files.keys() for n in release.files[path].services}
        if actions := dict.fromkeys(names & release.services.keys(), Action.RELOAD):
            log.info(
                "reloads", services=",".join(sorted(actions)), since="a file that they read was put back"
            )
            self.node.actor.act(Plan(actions=actions), release)

    def _certificates(self) -> bool:
        self._certificates_due = False  # before anything is read: what comes meanwhile is looked at again
        release = self.node.release
        with self._lock:
            self._follow_certificates(release)
        try:
            newest = self.slots.check(release.certificates, release.hostname, patient=True)
        except (AgentError, OSError):
            self._certificates_due = True  # the daemon has to hear of it
            raise
        self._looked_at = (release.certificates, release.hostname)
        if newest:
            self.apply_newest(newest)
        self.slots.prune({entry.identity for entry in self.node.release.files.values() if entry.slot})
        return True

    def _drift(self) -> bool:
        with self.queue.lock:
            drift = sorted(set(self.node.drifted(self.node.release)) - self.node.pinned)
            self.node.drift = drift
        if drift != self._reported:
            self._reported = drift
            log.info("drift", paths=",".join(drift))
            self.daemon.ask("agent.drift", paths=drift)
        return True


def _below(changed: Iterable[Path], folders: Iterable[Path]) -> bool:
    tops = list(folders)
    return any(path.is_relative_to(top) for path in changed for top in tops)
