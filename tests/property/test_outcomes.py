"""The outcome of every event, by incremental projection, is what the definition says."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from controlplane.events import (
    AccountAdded,
    AccountChanged,
    AccountMoved,
    AccountRemoved,
    AliasAdded,
    AliasRemoved,
    Event,
    OverrideChanged,
    ReleaseApplied,
    ReleaseRejected,
    ReleaseRolledBack,
    SettingChanged,
)
from controlplane.readmodel import query, schema
from controlplane.readmodel.projection import Projector
from controlplane.release import Basis, Release
from controlplane.timestamps import milliseconds
from tests.change_sets import BEGIN, change

VIRTUAL, ACCOUNTS, ENV, MAIN_CF = (
    "config/postfix-virtual.cf",
    "config/postfix-accounts.cf",
    "mailserver.env",
    "config/postfix-main.cf",
)
HELD = (VIRTUAL, f"{VIRTUAL}:i@x", f"{ENV}:SPOOF_PROTECTION", MAIN_CF)
"""Whole files, as events of earlier versions name them, and entries."""
Topic = tuple[str, str]

KINDS: dict[str, tuple[Event, str, tuple[Topic, ...]]] = {
    "alias+": (AliasAdded(source="i@x", targets=("a@x",)), VIRTUAL, (("alias", "i@x"),)),
    "alias-": (AliasRemoved(source="i@x", targets=("a@x",)), VIRTUAL, (("alias", "i@x"),)),
    "other+": (AliasAdded(source="j@x", targets=("a@x",)), VIRTUAL, (("alias", "j@x"),)),
    "account+": (
        AccountAdded(address="a@x", password_hash="h"),
        ACCOUNTS,
        (("account", "a@x"), ("place", "a@x")),
    ),
    "account~": (AccountChanged(address="a@x", password_hash="h"), ACCOUNTS, (("account", "a@x"),)),
    "account>": (AccountMoved(address="a@x", after=""), ACCOUNTS, (("place", "a@x"),)),
    "account-": (AccountRemoved(address="a@x"), ACCOUNTS, (("account", "a@x"), ("place", "a@x"))),
    "setting": (SettingChanged(name="SPOOF_PROTECTION", old=None, new="1"), ENV, (("setting", "S"),)),
    "override": (OverrideChanged(path="postfix-main.cf", content=b"x"), MAIN_CF, (("override", "m"),)),
}
"""Each event with the file that says it, what it is about, and what else it decides anew."""


@dataclass
class Life:
    """A log with its releases, and the outcomes that nodes reported."""

    sets: list[list[str]] = field(default_factory=list)
    """By position: names of KINDS, none for an outcome."""
    outcomes: dict[int, Event] = field(default_factory=dict)
    releases: list[int] = field(default_factory=list)
    """The position that each was made of."""

    @property
    def tip(self) -> int:
        return len(self.sets)

    def release(self, number: int) -> Release:
        position = self.releases[number - 1]
        return Release(number, f"{number:040x}", "", BEGIN, Basis(position, "", "", "0"))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Changes that render something or nothing, and outcomes of the newest release or one before it."""
    life, attempted, serving = Life(), 0, 0
    for _ in range(draw(st.integers(1, 25))):
        if life.releases and draw(st.booleans()):
            number = draw(st.integers(max(attempted, 1), len(life.releases)))
            attempted = number
            known = draw(st.booleans())  # events of earlier versions do not say what they were made of
            common = {"node": "mail", "release": number, "seconds": 0.1}
            common["position"] = life.releases[number - 1] if known else 0
            kind = draw(st.sampled_from([ReleaseApplied, ReleaseApplied, ReleaseRejected, ReleaseRolledBack]))
            life.sets.append([])
            if kind is ReleaseApplied:
                held = draw(st.sets(st.sampled_from(HELD), max_size=2))
                event: Event = ReleaseApplied(**common, held=tuple(sorted(held)))
                serving = number
            else:
                event = kind(**common, reason="broken", serving=serving)
            life.outcomes[life.tip] = event
        else:
            life.sets.append(
                draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3, unique=True))
            )
            if not life.releases or draw(st.integers(0, 3)):
                life.releases.append(life.tip)
    return life


def truth(life: Life) -> Iterator[tuple[int, int, str, int]]:
    """Position, number in the change set, outcome and the position that decided it, by definition."""
    for position, names in enumerate(life.sets, 1):
        for sequence, name in enumerate(names):
            yield (position, sequence, *_truth_of(life, position, name))


def _truth_of(life: Life, position: int, name: str) -> tuple[str, int]:
    event, path, topics = KINDS[name]
    names = {path, f"{path}:{event.subject}"}
    override = next(
        (
            later
            for later in range(position + 1, life.tip + 1)
            if any(topics[0] in KINDS[each][2] for each in life.sets[later - 1])
        ),
        life.tip + 1,
    )
    status, decided, waits = "pending", 0, False
    serving, held = 0, ()
    for now in range(position, life.tip + 1):
        if now == override and status in ("pending", "held"):
            status, decided = "superseded", now
        report = life.outcomes.get(now)
        if report is None:
            serving, held = _serving(life, now)
            newest = len([basis for basis in life.releases if basis <= now])
            if now == position and serving and newest == serving:
                if names.isdisjoint(held):
                    return "served", now
                status, decided, waits = "held", now, True
            continue
        assert isinstance(report, ReleaseApplied | ReleaseRejected | ReleaseRolledBack)
        bases = [*life.releases, life.tip + 1]
        covered = max(bases[report.release - 1], min(now, bases[report.release] - 1))
        if not position <= covered < override:
            continue
        if isinstance(report, ReleaseApplied):
            if names.isdisjoint(report.held):
                return "served", now
            waits = True
            if status == "pending":
                status, decided = "held", now
        elif not waits and status not in ("rejected", "rolled_back"):
            status, decided = report.kind.partition(".")[2], now
    return status, decided


def _serving(life: Life, now: int) -> tuple[int, Sequence[str]]:
    """The release that serves at a position, and what was held when it was applied."""
    last = next((life.outcomes[p] for p in range(now, 0, -1) if p in life.outcomes), None)
    if last is None:
        return 0, ()
    number = last.release if isinstance(last, ReleaseApplied) else last.serving  # type: ignore[attr-defined]
    for p in range(now, 0, -1):
        event = life.outcomes.get(p)
        if isinstance(event, ReleaseApplied) and event.release == number:
            return number, event.held
    return number, ()


def project(life: Life, chunks: random.Random | None) -> list[query.Entry]:
    """The entries after projecting the log at once (None), or in chunks of random sizes."""
    with closing(sqlite3.connect(":memory:")) as db:
        schema.make(db)
        done, known = 0, 0
        while done < life.tip:
            end = life.tip if chunks is None else chunks.randint(done + 1, life.tip)
            # The last release may not have been written when the log was read.
            settled = end == life.tip or chunks is None or chunks.random() < 0.5
            upto = len([basis for basis in life.releases if basis < end + (1 if settled else 0)])
            projector = Projector(db, frozenset())
            projector.add_releases([life.release(number) for number in range(known + 1, upto + 1)])
            sets = [
                change(
                    position,
                    *([life.outcomes[position]] if position in life.outcomes else []),
                    *(KINDS[name][0] for name in life.sets[position - 1]),
                )
                for position in range(done + 1, end + 1)
            ]
            projector.add(sets, settled)
            done, known = end, upto
        ids = [row[0] for row in db.execute("SELECT id FROM events WHERE effect <> 'report' ORDER BY id")]
        return query.entries(query.opened(db), ids)


@given(lives(), st.randoms(use_true_random=False))
def test_outcomes_are_as_defined_however_the_log_comes_in(life: Life, dice: random.Random) -> None:
    """Served, rejected, rolled back, held, superseded or pending, and when that was decided."""
    expected = [
        (position, sequence, outcome, milliseconds(change(decided).time) if decided else None)
        for position, sequence, outcome, decided in truth(life)
    ]
    for chunks in (None, dice):
        entries = project(life, chunks)
        assert [(e.position, e.sequence, e.outcome, e.outcome_at) for e in entries] == expected
