"""Answers questions to the log in the process of whoever asks, from the file of the read model.

The daemon brings the file up to the end of the log first: an answer holds all that was acknowledged before
the question. Nothing of the daemon's own is imported, and git only where the file is of no use.
"""

from __future__ import annotations

import fnmatch
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from sqlite_utils import Database

from controlplane.errors import Unavailable, UsageError
from controlplane.intake.history.times import require_time
from controlplane.plain_text import LONGEST, cut
from controlplane.readmodel import password_changes, query
from controlplane.readmodel.password_changes import Changed
from controlplane.readmodel.query import Entry, Filters
from controlplane.readmodel.reader import reading
from controlplane.readmodel.schema import OUTCOMES
from controlplane.state_volume import CONTROL, read_model
from controlplane.timestamps import format_time

if TYPE_CHECKING:
    from controlplane.event_log import EventLog
    from controlplane.protocol.questions import Projected
    from controlplane.release import Releases

T = TypeVar("T")
MOST = 100_000
LONGEST_HISTORY = 1_000
"""Events of one subject that are told, the newest."""
TOLERANCE = timedelta(seconds=5)
"""A time that lies less ahead of now is not odd."""


class EntryRow(TypedDict):
    """An event as `mailctl log --json` shows it."""

    position: int
    """Of its change set."""
    time: str
    """Of the clock, RFC 3339, UTC."""
    kind: str
    """Such as `account.added`."""
    effect: str
    """`add`, `change`, `remove` or `report`."""
    subject: str
    """What it happened to: an address, a name, a path."""
    detail: str
    """In words, without secrets."""
    actor: str
    """Who asked for it."""
    source: str
    """By which way it came: `push`, `setup`, `mailctl`, `agent` …"""
    author: str
    """Who wrote the commit, where somebody else pushed it."""
    reason: str
    """At most 4,000 characters."""
    release: int
    """The first that holds it; 0 for none."""
    outcome: str
    """`served`, `rejected`, `rolled_back`, `held`, `superseded` or `pending`; empty for a report."""
    outcome_time: str
    """RFC 3339; empty where it is pending."""
    outcome_reason: str
    """Why it does not serve."""
    clock: str
    """`ahead` or `behind` where its time does not fit that of its neighbours."""
    live: str
    """When it first served, RFC 3339; empty where it never did."""


Answer = list[EntryRow]
"""Oldest first."""


class LogQuestions:
    """Questions to the log of the state volume `root`.

    `project` carries out the daemon's operation of that name with the arguments given
    (docs/reference/control-protocol.md); `say` shows a line to the person who asks.
    """

    def __init__(
        self,
        root: Path,
        project: Callable[[Mapping[str, bool]], Projected],
        say: Callable[[str], None],
    ) -> None:
        self._root, self._project, self._say = root, project, say

    def log(self, given: Mapping[str, Any], limit: int = 0) -> Answer:
        """The newest `limit` events that the filters let through (0: MOST).

        `given` may have `kind`, `subject`, `actor`, `source`, `since`, `until`, `text`, `outcome`.
        Raises UsageError for a word or a time that cannot be meant.
        """
        filters = Filters(
            kinds=_words(given.get("kind")),
            subject=given.get("subject", ""),
            actors=_words(given.get("actor")),
            source=given.get("source", ""),
            since=_time(given.get("since", ""), first=True),
            until=_time(given.get("until", ""), first=False),
            text=given.get("text", ""),
            outcomes=_outcomes(given.get("outcome")),
            limit=min(limit or MOST, MOST),
        )
        state = self._project({})
        if not state["current"] and not state["unreadable"]:
            found = self._of_the_end(state["commit"], filters)
            if found is not None:
                return [_row(entry) for entry in reversed(found)]
            state = self._project({"wait": True})
        return self._answer(state, filters)

    def history(self, subject: str, outcome: Sequence[str] = ()) -> Answer:
        """Everything that happened to one subject."""
        filters = Filters(subject=subject, outcomes=_outcomes(outcome), limit=LONGEST_HISTORY)
        return self._answer(self._project({"wait": True}), filters)

    def passwords(self, noun: str, names: Sequence[str]) -> dict[str, Changed]:
        """Which change set brought the password of each account (`account`) or master account (`master`).

        What the part of the log that can be read does not tell is left out.
        """
        state = self._project({"wait": True}) if names else None
        if state is None:
            return {}
        if state["unreadable"]:
            self._say(f"⚠ not all of the log can be read: {state['unreadable']}")
            return {}
        return self._asked(lambda db: password_changes.newest(db, noun, names))

    def _answer(self, state: Projected, filters: Filters) -> Answer:
        if state["unreadable"]:
            self._say(f"⚠ not all of the log can be read: {state['unreadable']}")
            found = self._of_the_readable_part(state["commit"], filters) or self._of_the_file(filters)
        else:
            found = self._asked(lambda db: _find(db, filters))
        return [_row(entry) for entry in reversed(found)]

    def _asked(self, question: Callable[[Database], T]) -> T:
        path = read_model(self._root / CONTROL)
        try:
            with reading(path) as db:
                return question(db)
        except sqlite3.DatabaseError:
            self._project({"again": True})  # damaged: whoever asks is answered all the same
        try:
            with reading(path) as db:
                return question(db)
        except sqlite3.DatabaseError as error:
            raise Unavailable(f"the read model cannot be read: {error}") from error

    def _of_the_end(self, tip: str, filters: Filters) -> list[Entry] | None:
        """The answer from the newest change sets, if they suffice, before the file is made."""
        from controlplane.readmodel import recent

        _must_be_kinds(filters.kinds)
        return recent.newest(*self._log_until(tip), filters)

    def _of_the_readable_part(self, tip: str, filters: Filters) -> list[Entry]:
        """The answer from the change sets after the damage."""
        from controlplane.readmodel import recent

        _must_be_kinds(filters.kinds)
        return recent.readable(*self._log_until(tip), filters)

    def _of_the_file(self, filters: Filters) -> list[Entry]:
        """The answer as of the last question before the damage, where there was one."""
        try:
            with reading(read_model(self._root / CONTROL)) as db:
                return _find(db, filters)
        except (Unavailable, sqlite3.DatabaseError):
            return []

    def _log_until(self, tip: str) -> tuple[EventLog, Releases, frozenset[str]]:
        """The log up to a commit of it, the last one that the daemon can read; and what goes with it."""
        from controlplane.intake.stores import Stores

        stores = Stores.beside(self._root)
        stores.log.hold_at(tip)
        return stores.log, stores.releases, stores.projected.secret_settings


def _find(db: Database, filters: Filters) -> list[Entry]:
    _must_be_kinds(tuple(kind for kind in filters.kinds if not query.has_kind(db, kind)))
    return query.find(db, filters)


def _row(entry: Entry) -> EntryRow:
    return {
        "position": entry.position,
        "time": format_time(entry.time),
        "kind": entry.kind,
        "effect": entry.effect,
        "subject": entry.subject,
        "detail": entry.text,
        "actor": entry.actor,
        "source": entry.source,
        "author": entry.author,
        "reason": cut(entry.reason, LONGEST),
        "release": entry.release,
        "outcome": entry.outcome,
        "outcome_time": format_time(entry.outcome_at) if entry.outcome_at else "",
        "outcome_reason": entry.outcome_reason,
        "clock": entry.clock or ("ahead" if entry.time > datetime.now(UTC) + TOLERANCE else ""),
        "live": format_time(entry.live_at) if entry.live_at else "",
    }


def _words(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """One word or several."""
    return (given,) if isinstance(given, str) and given else tuple(given or ())


def _outcomes(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """The outcomes that were asked for; raises UsageError for a word that is none."""
    words = tuple(word.lower().replace("-", "_") for word in _words(given))
    for word in words:
        if word not in OUTCOMES:
            choice = ", ".join(name.replace("_", "-") for name in OUTCOMES)
            raise UsageError.because(f"{word} is not an outcome", f"one of: {choice}")
    return words


def _must_be_kinds(words: tuple[str, ...]) -> None:
    """Raise UsageError for a kind, noun or glob that no event can have."""
    if not words:
        return
    from controlplane.events import EVENTS  # takes longer than most answers

    known = [event.kind for event in EVENTS]
    for word in words:
        if not fnmatch.filter(known, query.pattern_of(word.lower())):
            nouns = dict.fromkeys(kind.partition(".")[0] for kind in known)
            near = get_close_matches(word.lower(), [*known, *nouns], n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            cure = f"one of: {', '.join(known)}; alias stands for every alias.…"
            raise UsageError.because(f"{word} is not a kind of event{meant}", cure)


def _time(value: str, *, first: bool) -> datetime | None:
    return require_time(value, first=first) if value else None
