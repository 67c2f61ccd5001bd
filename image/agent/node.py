"""The node: everything an attempt works with, put together once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from agent.actions import Actor
from agent.certificates import Certificates
from agent.compilers import compile_asides
from agent.disk import Disk
from agent.errors import Problem
from agent.fresh import Fresh
from agent.gitread import Objects
from agent.logs import LogMark
from agent.manifest import EMPTY, Entry, Probe, Release, read_release
from agent.paths import Paths
from agent.probes import Answer, wait
from agent.store import Applied, Store

Check = Callable[[Objects, str, Release, Release], list[Problem]]
"""(objects, tree, base, target) to the problems that the daemons' own checkers find."""


@dataclass
class Node:
    """Collaborators and what the agent knows in memory. Held by one attempt at a time (see turns.py)."""

    paths: Paths
    store: Store
    actor: Actor
    check: Check
    certificates: Certificates
    disk: Disk
    folder: str = "mail"
    """The node's folder on `rendered`."""
    prober: Callable[[Iterable[Probe], Path, float, Callable[[], bool]], list[Answer]] = wait
    compiler: Callable[[Iterable[tuple[Path, str, str]], Path], None] = compile_asides
    clock: Callable[[], float] = time.monotonic
    release: Release = EMPTY
    """The applied release, as read from git."""
    applied: Applied = field(default_factory=Applied)
    pinned: set[str] = field(default_factory=set)
    drift: list[str] = field(default_factory=list)
    settled: float = 0.0
    """When the last attempt ended (monotonic clock)."""

    def __post_init__(self) -> None:
        self.fresh = Fresh(self.paths.fresh)

    def open(self) -> Objects:
        """A reader of the state repository."""
        return Objects(self.paths.repository)

    def tree(self, commit: str) -> str:
        """The name of the node's folder in a release's commit."""
        return f"{commit}:{self.folder}"

    def read(self, objects: Objects, commit: str, number: int) -> Release:
        """Read a release of this node."""
        return read_release(objects, self.tree(commit), commit, number)

    def content(self, objects: Objects, entry: Entry) -> bytes:
        """The bytes of a managed file: from git, or from the certificate store."""
        if entry.slot:
            return self.certificates.read(entry.identity, entry.part)
        return objects.blob(entry.identity)

    def wanted(self, entry: Entry) -> str:
        """The blob id a managed file must have on disk."""
        return self.certificates.blob(entry.identity, entry.part) if entry.slot else entry.identity

    def drifted(self, release: Release) -> list[str]:
        """Managed paths of a release whose file on disk is different or missing."""
        return [
            path for path, entry in release.files.items() if not self.disk.right(entry, self.wanted(entry))
        ]

    def mark(self) -> LogMark:
        """Remember where the services' logs end now."""
        mail, rspamd = self.paths.mail_log, self.paths.rspamd_log
        return LogMark({"postfix": mail, "dovecot": mail, "rspamd": rspamd})
