"""The state that the steps of one attempt to apply a release share (steps.py)."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.apply.node import Node
from agent.apply.plan import Plan
from agent.canary.steps import Report
from agent.files.staged import Staged
from agent.files.staging import Placement
from agent.health.logs import LogMark
from agent.release.git_objects import ObjectReader
from agent.release.held import Held
from agent.release.manifest import Release
from wire.manifest import Entry


def new_id() -> str:
    """A name for an attempt and its outcome; sorts by time."""
    return f"{time.time_ns():020d}-{os.urandom(4).hex()}"


@dataclass
class Attempt:
    """One attempt to apply `target` over `base`. `stale`: paths to write although unchanged."""

    node: Node
    objects: ObjectReader
    base: Release
    target: Release
    main: str = ""
    stale: set[str] = field(default_factory=set)
    id: str = field(default_factory=new_id)
    plan: Plan = field(default_factory=Plan)
    rows: list[Placement] = field(default_factory=list)
    staged: list[Staged] = field(default_factory=list)
    """What waits to be installed."""
    tables: dict[str, bytes] = field(default_factory=dict)
    """Compiled tables for the config volume, by path below `config/`."""
    installed: bool = False
    probe_all: bool = False
    """Probe every service, also unchanged ones: one that died can take others with it."""
    cold: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    """Services that did not answer before anything was changed: no fault of the release."""
    mark: LogMark = field(default_factory=lambda: LogMark(Path(), {}))
    starting: bool = False
    """Whether a slow service, just enabled, has not come to answer yet."""
    degraded: bool = False
    """Whether it is kept although the canary finds less than before."""
    kept: tuple[str, ...] = ()
    """What the canary found, where it is kept all the same: a step and what was said, each."""
    report: Report | None = None
    """What the canary found of the target; None where it was not run."""
    worse: tuple[str, ...] = ()
    """Steps of the canary that fail with the target and did not when it was last run."""
    runs_script: bool = False
    replans: bool = False
    """Whether actions follow from what differs on disk rather than from the releases alone."""
    patched: dict[str, str] = field(default_factory=dict)
    patch_failure: str = ""
    held: Held = field(default_factory=Held)
    """What of the release is not in `target`, since it failed before."""
    around: set[str] = field(default_factory=set)
    """Unmanaged files that user-patches.sh changed during the attempt."""
    forked: dict[str, set[int]] = field(default_factory=dict)
    """Processes, before the first file was replaced, of services that start some at any time."""

    def content(self, entry: Entry) -> bytes:
        """The bytes of a managed file."""
        return self.node.contents.content(self.objects, entry)

    def journal(self, phase: str) -> dict[str, Any]:
        """The attempt as the journal holds it."""
        return {
            "id": self.id,
            "phase": phase,
            "commit": self.target.commit,
            "number": self.target.number,
            "main": self.main,
            "base": self.base.commit,
            "actions": dict(self.plan.actions),
            "rows": [row.as_dict() for row in self.rows],
        }
