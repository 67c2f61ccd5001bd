"""The newest of the log without the whole model: the same answer, or none."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controlplane.events import (
    AccountChanged,
    AliasAdded,
    AliasChanged,
    Event,
    ReleaseApplied,
    ReleaseRejected,
    ReleaseRolledBack,
)
from controlplane.readmodel import recent
from controlplane.readmodel.query import Filters
from controlplane.states import checkpoints
from controlplane.states.checkpoints import Checkpoints
from tests.change_sets import account, change
from tests.fsync import without_fsync
from tests.readmodel.test_readmodel import Life

SECRET = frozenset({"LDAP_BIND_PW"})


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and stretches that a log of a test fills."""
    monkeypatch.setattr(recent, "WINDOWS", (5, 40))
    monkeypatch.setattr(checkpoints, "POSITIONS", 9)


def lived(folder: Path, seed: int, length: int = 90, marks: bool = True) -> Life:
    """A life of changes, releases and what became of them, by chance."""
    life, chance = Life(folder), random.Random(seed)  # noqa: S311  # the same again
    often = chance.choice((0.05, 0.5))
    with without_fsync():
        life.append(account("ann"), AliasAdded(source="info@x.test", targets=("a@x.test",)))
        newest = served = 0
        for n in range(length):
            if chance.random() < often:
                newest = life.release(b"%d" % n)
            if newest and chance.random() < often:
                kind = chance.choice((ReleaseApplied, ReleaseApplied, ReleaseRejected, ReleaseRolledBack))
                failed = {} if kind is ReleaseApplied else {"reason": "bad", "serving": served}
                served = newest if kind is ReleaseApplied else served
                life.report(kind(node="mail", release=newest, seconds=0.1, **failed))
            event: Event = AliasChanged(source="info@x.test", targets=(f"a{n}@x.test",))
            if chance.random() < 0.5:
                event = AccountChanged(address="ann@example.test", password_hash=f"h{n}")
            life.append(event, actor=chance.choice(("root", "Ada")), reason=f"ticket {n % 3}")
    if marks:
        life.log.marks = made = Checkpoints(folder / "checkpoints")
        made.catch_up(life.log)
    return life


FILTERS = [
    Filters(limit=10),
    Filters(limit=3),
    Filters(limit=4, kinds=("alias",)),
    Filters(limit=4, actors=("root",)),
    Filters(limit=2, text="ticket 1"),
    Filters(limit=2, subject="info@x.test"),
    Filters(limit=2, outcomes=("superseded",)),
    Filters(limit=2, kinds=("release",)),
    Filters(limit=30, kinds=("account.added",)),
    Filters(limit=5, oldest_first=True),
]


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_the_answer_is_that_of_the_whole_model(tmp_path: Path, seed: int, marks: bool) -> None:
    """Whatever serves, failed or was superseded, and since when: field by field."""
    life = lived(tmp_path, seed, marks=marks)
    life.catch_up()
    answered = 0
    for filters in FILTERS:
        found = recent.newest(life.log, life.releases, SECRET, filters)
        assert found is None or found == life.ask(filters), filters
        answered += found is not None
    assert answered >= 4 or not marks


def test_a_clock_that_went_back_is_left_to_the_whole_model(tmp_path: Path) -> None:
    """What is odd about a time may depend on any earlier one."""
    life = lived(tmp_path, 1)
    position = life.log.tip().position + 1
    late = replace(change(position, account("late")), time=life.log.tip().time - timedelta(hours=1))
    life.log.append(late)
    assert recent.newest(life.log, life.releases, SECRET, Filters(limit=3)) is None
