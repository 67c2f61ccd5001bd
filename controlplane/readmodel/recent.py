"""Answers questions from the end of the log, in a model in memory, before the whole log was added.

It is made by the code that makes the whole model, and gives the answer that that gives, or none where the
newest change sets do not settle it: too few of them pass the filters, a clock went back among them, or what
serves was decided long before them and is not known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from controlplane.errors import Corrupt
from controlplane.event_log import EventLog, Mark, Tip
from controlplane.events import ChangeSet, ReleaseApplied, ReleaseRejected, ReleaseRolledBack
from controlplane.readmodel import query, schema
from controlplane.readmodel.model import settled_tip
from controlplane.readmodel.projection import Projector
from controlplane.readmodel.query import Entry, Filters, opened
from controlplane.release import Release, Releases

WINDOWS = (200, 2_000)
"""Change sets to read besides those asked for: at first, and if these are not enough."""
FALL = timedelta(seconds=1)
"""How far a time may fall back and still be right: writers wait for each other."""

Decision = ReleaseApplied | ReleaseRejected | ReleaseRolledBack


def newest(
    log: EventLog, releases: Releases, secret_settings: Collection[str], filters: Filters
) -> list[Entry] | None:
    """What the whole model would answer; None if the newest change sets are not enough."""
    tip, settled = settled_tip(log)
    if filters.oldest_first or filters.limit > WINDOWS[-1]:
        return None
    for size in WINDOWS:
        window = _Window.read(log, tip, size + filters.limit)
        if window.is_odd:
            return None
        known_from = _known_from(log, window.changes)
        if known_from is None:
            continue
        earlier, behind = known_from
        with closing(sqlite3.connect(":memory:")) as db:
            schema.make(db)
            projector = Projector(db, secret_settings)
            projector.add_releases(_needed(releases, [*earlier, *window.changes]))
            projector.add([*earlier, *window.changes], settled, window.left_out)
            found = query.find(opened(db), filters)
        if window.is_whole:
            return found
        # What a later change set left out may have overridden what comes before it.
        known_after = max(behind, *(position - 1 for position in window.left_out), 0)
        if len(found) == filters.limit and found[-1].position > known_after:
            return found
    return None


def readable(
    log: EventLog, releases: Releases, secret_settings: Collection[str], filters: Filters
) -> list[Entry]:
    """Answers about a damaged log: only from the change sets after the damage."""
    changes: list[ChangeSet] = []
    with suppress(Corrupt):
        changes.extend(log.newest_first())
    if not changes:
        return []
    with closing(sqlite3.connect(":memory:")) as db:
        schema.make(db)
        projector = Projector(db, secret_settings)
        with suppress(Corrupt):
            projector.add_releases(list(releases.newest_first()))
        projector.add(reversed(changes), settled_tip(log)[1])
        return query.find(opened(db), filters)


@dataclass(frozen=True, slots=True)
class _Window:
    """The newest change sets, oldest first; `left_out`: how many of their first events are missing."""

    changes: list[ChangeSet]
    left_out: dict[int, int]

    @classmethod
    def read(cls, log: EventLog, tip: Tip, size: int) -> _Window:
        """So many of the newest change sets, of each at most as many of the last events."""
        ends = list(log.ends(max(1, tip.position - size), tip, size))
        return cls([change for change, _ in ends], {change.position: left for change, left in ends if left})

    @property
    def is_whole(self) -> bool:
        """Whether this is the log, and all of it."""
        return not self.left_out and (not self.changes or self.changes[0].position == 1)

    @property
    def is_odd(self) -> bool:
        """Whether its answers need what is older: a clock went back, or reports are left out."""
        return any(newer.time < older.time - FALL for older, newer in pairwise(self.changes)) or any(
            change.source == "agent" and change.position in self.left_out for change in self.changes
        )


def _known_from(log: EventLog, changes: list[ChangeSet]) -> tuple[list[ChangeSet], int] | None:
    """What serves at the start of a window: the change sets before it that decided that, and 0.

    Or none of them, and the first position of the window from which on it is known. None: it is not known.
    """
    first = changes[0].position
    if first == 1:
        return [], 0
    mark = log.marks.before(log, first) if log.marks is not None else None
    if mark is not None and mark.latest <= changes[0].time.timestamp() + FALL.total_seconds():
        return _decisions(log, mark, first), 0
    middle = changes[len(changes) // 2].position
    decided = next((change.position for change in changes if _decides(change.events)), middle)
    return ([], decided) if decided < middle else None


def _decisions(log: EventLog, mark: Mark, first: int) -> list[ChangeSet]:
    """The change sets that determine what serves right before a position: the mark's, or newer ones."""
    known, newer = mark.decided, list[str]()
    for step in log.until(mark.position + 1, first - 1):
        if any(isinstance(event, ReleaseApplied) for event in step.events):
            known, newer = (), [step.commit]
        elif _decides(step.events):
            newer.append(step.commit)
    return [*map(log.read, known), *map(log.read_commit, newer)]


def _decides(events: tuple[object, ...]) -> bool:
    return any(isinstance(event, Decision) for event in events)


def _needed(releases: Releases, changes: list[ChangeSet]) -> Iterator[Release]:
    """Releases, newest first, down to the one before these change sets and those that they mention."""
    told = [e.release for change in changes for e in change.events if isinstance(e, Decision)]
    oldest = min(told, default=1 << 62)
    for release in releases.newest_first():
        yield release
        if release.basis.log_position < changes[0].position and release.number <= oldest:
            return
