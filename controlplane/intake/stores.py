"""Everything that a mail server keeps of its configuration, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controlplane.event_log import EventLog
from controlplane.git import StateRepo, without_a_home
from controlplane.intake.accepted_pushes import AcceptedPushes
from controlplane.intake.projected import Projected
from controlplane.lock import WriterLock
from controlplane.log_tail import LogTail
from controlplane.release import Releases
from controlplane.state_volume import CONTROL, REPOSITORY, read_model
from controlplane.states.checkpoints import Checkpoints

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
    projected: Projected

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
        without_a_home()  # that of whoever asks: this process may have become the volume's owner since
        return cls._of(control, lock, StateRepo(root / REPOSITORY))

    @classmethod
    def _of(cls, control: Path, lock: WriterLock, repo: StateRepo) -> Stores:
        log, checkpoints = EventLog(repo, lock), Checkpoints(control / "checkpoints")
        tail = LogTail(control / "log-tail")
        log.marks, log.copy = checkpoints, tail
        releases = Releases(repo)
        return cls(
            control=control,
            lock=lock,
            repo=repo,
            log=log,
            releases=releases,
            accepted=AcceptedPushes(control / "accepted"),
            checkpoints=checkpoints,
            tail=tail,
            projected=Projected(read_model(control), log, releases),
        )

    @property
    def snapshot(self) -> Path:
        """The file that keeps the state at some position."""
        return self.control / "snapshot.json"
