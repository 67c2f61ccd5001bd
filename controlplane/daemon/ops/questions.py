"""Operations that question the log: log, history, verify."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops.requests import Asked, History, Log
from controlplane.errors import UsageError
from controlplane.events import EVENTS
from controlplane.intake.audit import proof
from controlplane.intake.history.times import require_time
from controlplane.log_format import format_time
from controlplane.plain_text import LONGEST, cut
from controlplane.protocol.questions import Entries, EntryRow, Verified
from wire.lines import Say

MOST = 100_000
LONGEST_HISTORY = 1_000
"""Events of one subject that are told, the newest."""
TOLERANCE = timedelta(seconds=5)
"""A time that lies less ahead of now is not odd."""


def log(daemon: Daemon, request: Log, say: Say) -> Entries:
    """Events that the filters let through, newest last."""
    from controlplane.readmodel import OUTCOMES, Filters

    given = request.filters
    filters = Filters(
        kinds=_kinds(given.kind),
        subject=given.subject,
        actors=given.actor,
        source=given.source,
        since=_time(given.since, first=True),
        until=_time(given.until, first=False),
        text=given.text,
        outcomes=_outcomes(given.outcome, OUTCOMES),
        limit=min(request.limit or MOST, MOST),
    )
    entries = daemon.intake.stores.newest(filters, say)
    return {"entries": [_entry(entry) for entry in reversed(entries)]}


def history(daemon: Daemon, request: History, say: Say) -> Entries:
    """Everything that happened to one subject, oldest first."""
    from controlplane.readmodel import OUTCOMES, Filters

    outcomes = _outcomes(request.outcome, OUTCOMES)
    filters = Filters(subject=request.subject, outcomes=outcomes, limit=LONGEST_HISTORY)
    entries = daemon.intake.stores.questions(say).log(filters)
    return {"entries": [_entry(entry) for entry in reversed(entries)]}


def verify(daemon: Daemon, _request: Asked) -> Verified:
    """Replay the log, compare its end with `main` and with `rendered`, read every object of theirs."""
    stores = daemon.intake.stores
    found = proof.prove(stores.repo, stores.log)
    if not found.findings:
        daemon.verified = found.positions
    return found.as_dict()


def _entry(entry: Any) -> EntryRow:
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


def _outcomes(given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The outcomes that were asked for; raises UsageError for a word that is none."""
    words = tuple(word.lower().replace("-", "_") for word in given)
    for word in words:
        if word not in known:
            choice = ", ".join(name.replace("_", "-") for name in known)
            raise UsageError.because(f"{word} is not an outcome", f"one of: {choice}")
    return words


def _kinds(words: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds, nouns and globs that were asked for; raises UsageError for one that no event can have."""
    known = [event.kind for event in EVENTS]
    for word in words:
        glob = word.lower() if "." in word or "*" in word else f"{word.lower()}.*"
        if not fnmatch.filter(known, glob):
            nouns = dict.fromkeys(kind.partition(".")[0] for kind in known)
            near = get_close_matches(word.lower(), [*known, *nouns], n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            cure = f"one of: {', '.join(known)}; alias stands for every alias.…"
            raise UsageError.because(f"{word} is not a kind of event{meant}", cure)
    return words


def _time(value: str, *, first: bool) -> datetime | None:
    return require_time(value, first=first) if value else None
