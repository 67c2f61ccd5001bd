"""Finds the revision that people name by a position, a commit, a branch or a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from controlplane.errors import NotFound, Unavailable, UsageError
from controlplane.git import StateRepo
from controlplane.intake.history.times import CURE, looks_like_a_time, parse_time
from controlplane.intake.pipeline import Intake
from controlplane.model import State
from controlplane.timestamps import format_time

_POSITION = re.compile(r"[0-9]{1,7}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


@dataclass(frozen=True, slots=True)
class Revision:
    """A place in history. `position` is 0 for a commit that the log does not know (a branch)."""

    position: int
    main: str


def find(intake: Intake, text: str) -> Revision:
    """The revision that a text names (empty: now); raises NotFound, or UsageError for a malformed time."""
    if text.lower() in ("", "now"):
        return Revision(intake.position, intake.main)
    if _POSITION.fullmatch(text):
        return _at(intake, int(text))
    time = parse_time(text)
    if time is not None and not (_NAME.fullmatch(text) and intake.stores.repo.refs.get(f"refs/heads/{text}")):
        return _at(intake, position_at(intake, time))
    if looks_like_a_time(text):
        raise UsageError.because(f"{text} is not a time", CURE)
    return _of_commit(intake, _commit(intake.stores.repo, text))


def position_at(intake: Intake, time: datetime) -> int:
    """The newest position at that time; raises NotFound if the log began later.

    All that is in the log was recorded by now, whatever the clock showed then.
    """
    if time >= datetime.now(UTC) and intake.position:
        return intake.position
    try:
        return intake.stores.projected.at_once().position_at(time)
    except Unavailable:
        position = intake.stores.log.position_at(time)
    if not position:
        raise NotFound(f"the log began after {format_time(time)}")
    return position


def state_at(intake: Intake, revision: Revision) -> State:
    """The state at a revision; raises NotFound if the log does not have it."""
    if revision.position == intake.position:
        return intake.state
    if not revision.position:
        raise NotFound(f"commit {revision.main[:12]} never was the state of this server")
    stores = intake.stores
    return stores.checkpoints.state_at(stores.log, revision.position)


def _at(intake: Intake, position: int) -> Revision:
    log = intake.stores.log
    return Revision(position, log.header(log.commit_at(position)).main_commit)


def _commit(repo: StateRepo, text: str) -> str:
    """The commit of a name; branches first, since anybody may push a tag with the name of one."""
    branch = repo.refs.get(f"refs/heads/{text}") if _NAME.fullmatch(text) else ""
    return branch or repo.resolve(text)


def _of_commit(intake: Intake, commit: str) -> Revision:
    repo, releases = intake.stores.repo, intake.stores.releases
    if commit == intake.main:
        return Revision(intake.position, commit)  # the log need not name it: it may change a comment alone
    newest = releases.newest()
    # By its place in the history, not by its trailers: any commit can be given those of a release.
    if newest is not None and repo.is_ancestor(commit, newest.commit):
        return _at(intake, releases.read(commit).basis.log_position)
    try:
        return _at(intake, intake.stores.log.position_of(commit))
    except NotFound:
        return Revision(0, commit)
