"""Operations that question the log: log, history, verify."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from controlplane import verify as proof
from controlplane.daemon.core import Daemon
from controlplane.daemon.ops.arguments import text
from controlplane.daemon.protocol import Request, Result, Say
from controlplane.errors import UsageError
from controlplane.events import EVENTS, ChangeSet
from controlplane.intake.moments import the_time
from controlplane.intake.proposal import render
from controlplane.intake.trees import MainReader, node_trees
from controlplane.log_format import format_time
from controlplane.model import State
from controlplane.plain_text import LONGEST, cut
from controlplane.statefiles.tree import read_tree

MOST = 100_000
LONGEST_HISTORY = 1_000
"""Events of one subject that are told, the newest."""
TOLERANCE = timedelta(seconds=5)
"""A time that lies less ahead of now is not odd."""


def log(daemon: Daemon, request: Request, say: Say) -> Result:
    """Events that the filters let through, newest last."""
    from controlplane.readmodel import OUTCOMES, Filters

    given: dict[str, Any] = request.get("filters") or {}
    filters = Filters(
        kinds=_kinds(given.get("kind")),
        subject=text(given, "subject"),
        actors=_words(given.get("actor")),
        source=text(given, "source"),
        since=_time(given, "since"),
        until=_time(given, "until"),
        text=text(given, "text"),
        outcomes=_outcomes(given.get("outcome"), OUTCOMES),
        limit=min(int(request.get("limit") or MOST), MOST),
    )
    entries = daemon.intake.stores.newest(filters, say)
    return {"entries": [_entry(entry) for entry in reversed(entries)]}


def history(daemon: Daemon, request: Request, say: Say) -> Result:
    """Everything that happened to one subject, oldest first."""
    from controlplane.readmodel import OUTCOMES, Filters

    outcomes = _outcomes(request.get("outcome"), OUTCOMES)
    filters = Filters(subject=text(request, "subject"), outcomes=outcomes, limit=LONGEST_HISTORY)
    entries = daemon.intake.stores.questions(say).log(filters)
    return {"entries": [_entry(entry) for entry in reversed(entries)]}


def verify(daemon: Daemon, request: Request, say: Say) -> Result:
    """Replay the log; compare its end with `main` and with `rendered`."""
    del request, say
    begun, intake = time.monotonic(), daemon.intake
    stores = intake.stores
    anchors, faults = proof.release_anchors(stores.releases)
    findings = [f"rendered: {fault.message}" for fault in faults]
    tip = stores.log.tip().position
    checks = [
        proof.Comparison(at=lambda change: change.position == tip, compare=_Ends(daemon).compare),
    ]
    positions = events = 0
    for step in proof.verify(stores.repo, stores.log, checks, anchors):
        positions, events = step.position, events + step.events
        findings += [f"change set {f.position} ({f.commit[:12]}): {f.message}" for f in step.findings]
    if not findings:
        daemon.verified = positions
    return {
        "ok": not findings,
        "positions": positions,
        "events": events,
        "seconds": round(time.monotonic() - begun, 3),
        "findings": findings,
    }


class _Ends:
    """Compares the end of the log with what stands on `main` and on `rendered`."""

    def __init__(self, daemon: Daemon) -> None:
        self._intake = daemon.intake

    def compare(self, change: ChangeSet, state: State) -> Iterable[str]:
        """A line for each disagreement."""
        del change
        repo = self._intake.stores.repo.fresh()
        files = MainReader().read(repo, repo.refs.get("main"))
        desired, problems = read_tree(files)
        if problems:
            yield f"main cannot be read: {problems[0].path}:{problems[0].line}: {problems[0].message}"
        elif desired != state.desired:
            yield "main says something else than the log"
        tree, newest = render(state)[0], self._intake.stores.releases.newest()
        if tree is None or newest is None:
            return
        if self._intake.stores.releases.tree(node_trees(tree)) != newest.tree:
            yield f"release {newest.number} is not what the log renders to"


def _entry(entry: Any) -> dict[str, Any]:
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


def _words(given: object) -> tuple[str, ...]:
    if isinstance(given, list | tuple):
        return tuple(str(each) for each in given)
    return (str(given),) if given else ()


def _outcomes(given: object, known: Sequence[str]) -> tuple[str, ...]:
    """The outcomes that were asked for; raises UsageError for a word that is none."""
    words = tuple(word.lower().replace("-", "_") for word in _words(given))
    for word in words:
        if word not in known:
            choice = ", ".join(name.replace("_", "-") for name in known)
            raise UsageError.because(f"{word} is not an outcome", f"one of: {choice}")
    return words


def _kinds(given: object) -> tuple[str, ...]:
    """The kinds, nouns and globs that were asked for; raises UsageError for one that no event can have."""
    words = _words(given)
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


def _time(given: dict[str, Any], name: str) -> datetime | None:
    value = text(given, name)
    return the_time(value, first=name == "since") if value else None
