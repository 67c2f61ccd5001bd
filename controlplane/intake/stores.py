"""Everything that a mail server keeps of its configuration, opened together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.errors import Corrupt, Unavailable
from controlplane.event_log import EventLog
from controlplane.git import StateRepo
from controlplane.intake.accepted_pushes import AcceptedPushes
from controlplane.lock import WriterLock
from controlplane.log_tail import LogTail
from controlplane.release import Releases
from controlplane.settings import catalog
from controlplane.states.checkpoints import Checkpoints

if TYPE_CHECKING:
    from controlplane.readmodel import Entry, Filters, ReadModel

Say = Callable[[str], None]
"""Shows a line to the person who asked."""

REPOSITORY = "state.git"
CONTROL = "control"
SOON = 1_000
"""The most change sets to add to the read model while somebody waits for an answer available without it."""
OURS = ("events", "rendered")
"""Branches written only with the writer's lock: its holder may clear their stale locks."""


@dataclass(frozen=True)
class Stores:
    """The state repo and what lies beside it; `control` is the folder of the control plane alone."""

    control: Path
    lock: WriterLock
    repo: StateRepo
    log: EventLog
    releases: Releases
    accepted: AcceptedPushes
    checkpoints: Checkpoints
    tail: LogTail

    @classmethod
    def open(cls, root: Path) -> Stores:
        """Open the stores of a state volume (`/var/mail-state`), creating them if needed."""
        control = root / CONTROL
        control.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = WriterLock(control / "writer.lock")
        with lock.hold("opening the state repo"):
            repo = StateRepo.ensure(root / REPOSITORY)
            repo.recover_locks(ours=OURS)
        return cls._of(control, lock, repo)

    @classmethod
    def beside(cls, root: Path) -> Stores:
        """Open the stores of a volume that another process writes to; raises NotFound if there are none."""
        control = root / CONTROL
        lock = WriterLock(control / "writer.lock")
        return cls._of(control, lock, StateRepo(root / REPOSITORY))

    @classmethod
    def _of(cls, control: Path, lock: WriterLock, repo: StateRepo) -> Stores:
        log, checkpoints = EventLog(repo, lock), Checkpoints(control / "checkpoints")
        tail = LogTail(control / "log-tail")
        log.marks, log.copy = checkpoints, tail
        return cls(
            control=control,
            lock=lock,
            repo=repo,
            log=log,
            releases=Releases(repo),
            accepted=AcceptedPushes(control / "accepted"),
            checkpoints=checkpoints,
            tail=tail,
        )

    @property
    def snapshot(self) -> Path:
        """The file that keeps the state at some position."""
        return self.control / "snapshot.json"

    @cached_property
    def _readmodel(self) -> ReadModel:
        from controlplane.readmodel import ReadModel  # takes memory that most servers never need

        secret = frozenset(name for name, spec in catalog.SETTINGS.items() if spec.secret)
        return ReadModel(self.control / "readmodel.sqlite", secret)

    def questions_at_once(self) -> ReadModel:
        """The read model; raises Unavailable if it is so far behind that somebody would have to wait."""
        if self._readmodel.behind(self.log) > SOON:
            raise Unavailable("the read model is far behind the log")
        return self.questions()

    def questions(self, say: Say = lambda _: None) -> ReadModel:
        """The read model, caught up with the log; reports when that takes a while."""
        model = self._readmodel
        if model.behind(self.log) > SOON:
            say(f"the log's {self.log.tip().position:,} change sets are taken in for questions, once")
        model.catch_up(self.log, self.releases)
        return model

    def newest(self, filters: Filters, say: Say) -> list[Entry]:
        """The newest events that match the filters; answered from the end of the log if that suffices."""
        from controlplane.readmodel import recent

        model = self._readmodel
        try:
            if model.behind(self.log) > SOON:
                found = recent.newest(self.log, self.releases, model.secret_settings, filters)
                if found is not None:
                    return found
            return self.questions(say).log(filters)
        except Corrupt as error:
            say(f"⚠ what is older cannot be told: {error}")
            return recent.readable(self.log, self.releases, model.secret_settings, filters)
