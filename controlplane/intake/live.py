"""What served at some time, beside what was wanted then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from controlplane.intake import revisions
from controlplane.intake.pipeline import Intake
from controlplane.intake.revisions import Revision
from controlplane.model import Desired
from controlplane.statefiles import accounts, aliases, regexps
from controlplane.statefiles.treefile import CONFIG, SETTINGS
from controlplane.statefiles.typed import TABLES

_FIELDS = {
    SETTINGS: "settings",
    accounts.PATH: "accounts",
    aliases.PATH: "aliases",
    regexps.PATH: "regexps",
    **{table.path: name for name, table in TABLES.items()},
}
"""The part of `Desired` that a file of `main` says; any other file is kept whole."""


@dataclass(frozen=True, slots=True)
class Live:
    """The release that served (0: none yet), since when, and what it served.

    `held` are the files of `main` of which it served what served before, not what `position` says.
    """

    release: int = 0
    position: int = 0
    since: datetime | None = None
    held: tuple[str, ...] = ()
    desired: Desired = field(default_factory=Desired)


def live_at(intake: Intake, position: int) -> Live:
    """What served when the log was at this position; raises Unavailable without the read model."""
    served = intake.stores.questions().served_at(position)
    if served is None:
        return Live()
    desired = _desired(intake, served.position)
    for path, at in served.held.items():
        desired = _with_file(desired, path, _desired(intake, at))
    return Live(served.release, served.position, served.since, tuple(served.held), desired)


def _desired(intake: Intake, position: int) -> Desired:
    if not position:
        return Desired()
    main = intake.stores.log.header(intake.stores.log.commit_at(position)).main_commit
    return revisions.state_at(intake, Revision(position, main)).desired


def _with_file(desired: Desired, path: str, other: Desired) -> Desired:
    """The same with what one file says as the other has it."""
    if name := _FIELDS.get(path):
        part: dict[str, Any] = {name: getattr(other, name)}
        return replace(desired, **part)
    key = path.removeprefix(CONFIG)
    overrides = {name: kept for name, kept in desired.overrides.items() if name != key}
    if key in other.overrides:
        overrides[key] = other.overrides[key]
    return replace(desired, overrides=overrides)
