"""What served at some time, as opposed to what was wanted then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from controlplane.intake.blame.parts import with_part
from controlplane.intake.history import revisions
from controlplane.intake.history.revisions import Revision
from controlplane.intake.pipeline import Intake
from controlplane.model import Desired


@dataclass(frozen=True, slots=True)
class Live:
    """The release that served (0: none yet), since when, and what it served.

    `held` are the files of `main`, or entries of them (`mailserver.env:NAME`), of which it served what served
    before, not what `position` says.
    """

    release: int = 0
    position: int = 0
    since: datetime | None = None
    held: tuple[str, ...] = ()
    desired: Desired = field(default_factory=Desired)


def live_at(intake: Intake, position: int) -> Live:
    """What served when the log was at a position; raises Unavailable without the read model."""
    served = intake.stores.projected.caught_up().served_at(position)
    if served is None:
        return Live()
    desired = _desired(intake, served.position)
    for name, at in served.held.items():
        desired = with_part(desired, name, _desired(intake, at))
    return Live(served.release, served.position, served.since, tuple(served.held), desired)


def _desired(intake: Intake, position: int) -> Desired:
    if not position:
        return Desired()
    main = intake.stores.log.header(intake.stores.log.commit_at(position)).main_commit
    return revisions.state_at(intake, Revision(position, main)).desired
