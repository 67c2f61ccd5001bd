"""The node: the collaborators and the state in memory that every attempt uses."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.apply.actions import Actor
from agent.apply.contents import Contents
from agent.apply.user_patches.script import Result, run_script
from agent.apply.user_patches.unmanaged_files import UnmanagedFiles
from agent.canary.watch import Watch
from agent.certificates.store import Certificates
from agent.commands import run
from agent.errors import Problem
from agent.files import staging
from agent.files.compilers import Compiler, Compilers
from agent.files.managed import ManagedFiles
from agent.files.placed import ConfigVolume, NoVolume, Wanted
from agent.files.staged import Staged
from agent.health.logs import LogMark
from agent.health.probes import Answer, wait
from agent.paths import Paths
from agent.records.journal import Applied, Journal
from agent.records.kept_files import Kept
from agent.release.git_objects import ObjectReader
from agent.release.manifest import EMPTY, Release, ServiceEntry, read_release
from agent.release.networks import Networks
from agent.release.pinned_secrets import PinnedSecrets
from agent.release.placeholders import Placeholders
from agent.release.unsealing import Unsealer
from services.base import NodeServices, Runner
from wire.config_folder import below_config
from wire.manifest import Entry, Probe
from wire.nodes import DEFAULT_NODE

Check = Callable[[ObjectReader, Release, Release], list[Problem]]
"""(objects, base, target) to the problems that the daemons' own checkers find."""


@dataclass
class Node:
    """Collaborators, and what the agent knows in memory. One attempt at a time uses it (queue.py)."""

    paths: Paths
    journal: Journal
    actor: Actor
    check: Check
    certificates: Certificates
    managed: ManagedFiles
    services: NodeServices
    folder: str = DEFAULT_NODE
    """The node's folder on `rendered`."""
    prober: Callable[[Iterable[Probe], Path, float, Callable[[], bool]], list[Answer]] = wait
    compiler: Compiler = field(default_factory=Compilers)
    runner: Runner = run
    """Runs commands that report where services listen."""
    script: Callable[[Path, Mapping[str, str], Callable[[str], str]], Result] = run_script
    clock: Callable[[], float] = time.monotonic
    tries_itself: bool = True
    """Whether the canary is run."""
    release: Release = EMPTY
    """The applied release, as read from git."""
    applied: Applied = field(default_factory=Applied)
    pinned: set[str] = field(default_factory=set)
    drift: list[str] = field(default_factory=list)
    volume: ConfigVolume = field(default_factory=NoVolume)
    placed: Wanted = field(default_factory=dict)
    """What the release has that serves, or is being applied, of the config volume's files."""
    project: Callable[[ObjectReader, str], None] = lambda _objects, _main: None
    """Brings the config volume to a commit of `main`."""
    settled: float = 0.0
    """When the last attempt ended (monotonic clock)."""
    unknown: set[str] = field(default_factory=set)
    """Managed paths whose content is lost: their files on disk are left unchanged."""
    mend_certificates: Callable[[Release], None] = lambda _release: None
    """Makes sure that each certificate of a release, or a substitute, is available."""

    def __post_init__(self) -> None:
        canaries = {s.name: s.canary for s in self.services if s.canary}
        self.watch = Watch(
            self.paths.root, canaries if self.tries_itself else {}, self.runner, self.mark,
            lambda text: self.placeholders.redact(text),
        )  # fmt: skip
        self.findings = self.journal.findings
        self.kept = Kept(self.paths.state / "serving", self.findings, self.services.areas)
        self._announcers = [s.announcer(self.paths.root) for s in self.services if s.announcer]
        placeholders = Placeholders(
            Unsealer(self.paths.identity),
            PinnedSecrets(self.paths.root, os.environ),
            Networks(self.paths.root),
        )
        self.contents = Contents(self.certificates, placeholders, self.kept, self.findings, self.open)
        self.unmanaged_files = UnmanagedFiles(self.paths.root, self.paths.surroundings, self.services)
        self._fitted: dict[str, tuple[tuple[Probe, ...], tuple[Probe, ...]]] = {}

    @property
    def placeholders(self) -> Placeholders:
        """What words of rendered files stand for."""
        return self.contents.placeholders

    def probes(self, service: ServiceEntry, anew: bool = False) -> tuple[Probe, ...]:
        """The probes of a service, fitted to its configuration; `anew` reads that again."""
        known = self._fitted.get(service.name)
        if anew or known is None or known[0] != service.probes:
            known = self._fitted[service.name] = (service.probes, self._fit(service))
        return known[1]

    def _fit(self, service: ServiceEntry) -> tuple[Probe, ...]:
        fit = self.services.of(service.name).fit
        return fit(service.probes, self.runner) if fit else service.probes

    def announce(self, staged: Sequence[Staged]) -> None:
        """Announce new data of staged files before they are installed."""
        for announcer in self._announcers:
            announcer.announce(staged)

    def settle_announced(self) -> None:
        """Return when the services remember nothing that the installed files no longer say."""
        for announcer in self._announcers:
            announcer.settle()

    def correct_announced(self, targets: Collection[Path]) -> None:
        """Announce what files say that are in their places again."""
        for announcer in self._announcers:
            announcer.correct(self.paths.root, targets)

    def put_back(self, rows: Sequence[staging.Placement], keep_tables: bool = False) -> None:
        """Undo the installation of files, also for what notices them by itself. Raises OSError.

        With `keep_tables` new tables stay until services are told.
        """
        try:
            staging.restore(rows, keep_tables)
        finally:
            self.correct_announced([Path(row.target) for row in rows if row.by_time])

    def open(self) -> ObjectReader:
        """A reader of the state repository."""
        return ObjectReader(self.paths.repository)

    def tree(self, commit: str) -> str:
        """The name of the node's folder in a release's commit."""
        return f"{commit}:{self.folder}"

    def read(self, objects: ObjectReader, commit: str, number: int) -> Release:
        """Read a release of this node, and open at once what is sealed in it."""
        release = read_release(objects, self.tree(commit), self.services.areas, commit, number)
        self.contents.learn(objects, release)
        return release

    def wanted(self, entry: Entry) -> str:
        """The blob id a managed file must have on disk."""
        return self.contents.identity(entry)

    def matches(self, entry: Entry) -> bool:
        """Whether a file is unchanged since the applied release and its user-patches.sh wrote it.

        On the config volume others may write, which is an edit and no drift.
        """
        if entry.path in self.unknown or below_config(entry.path):
            return True
        patched = self.applied.patched.get(entry.path)
        if patched is not None:
            return self.managed.fingerprint(entry.path) == patched
        return self.managed.matches(entry, self.wanted(entry))

    def observed(self) -> dict[str, Any]:
        """What the log should know of the managed files: pinned ones, and what user-patches.sh did."""
        return {
            "pinned": sorted(self.pinned),
            "patched": dict(self.applied.patched),
            "patch_failure": self.applied.patch_failure,
            "held": self.held(),
        }

    def held(self) -> list[dict[str, Any]]:
        """What of the newest release does not serve, as rows of the quarantine."""
        failure = self.journal.failure()
        if failure and "held" in failure:
            return list(failure["held"])
        return list(self.applied.held.get("why", ()))

    def drifted(self, release: Release) -> list[str]:
        """Managed paths of the applied release whose file on disk is different or missing."""
        return [path for path, entry in release.files.items() if not self.matches(entry)]

    def differing(self, release: Release) -> set[str]:
        """Managed paths of a release whose file on disk is not as rendered, patched or not."""
        files = release.files.items()
        return {
            path
            for path, entry in files
            if not below_config(path) and not self.managed.matches(entry, self.wanted(entry))
        }

    def mark(self) -> LogMark:
        """Remember where the services' logs end now."""
        return LogMark(self.paths.root, self.services.logs)
