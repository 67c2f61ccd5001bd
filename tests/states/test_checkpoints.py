"""Checkpoints: every state of the past as replay gives it, whatever became of the files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given

from controlplane.event_log import EventLog
from controlplane.events import (
    AccountChanged,
    AccountMoved,
    AccountRemoved,
    AliasAdded,
    AliasRemoved,
    QuotaSet,
    ReleaseApplied,
)
from controlplane.fold import fold
from controlplane.git import StateRepo
from controlplane.model import Desired, State
from controlplane.states import checkpoints, differences
from controlplane.states.checkpoints import Checkpoints
from tests.change_sets import BEGIN, account, change, fill, open_log
from tests.fsync import without_fsync
from tests.property.strategies import changed_states

LENGTH = 60


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint every 7 change sets, and marks are used for everything."""
    monkeypatch.setattr(checkpoints, "POSITIONS", 7)
    monkeypatch.setattr(checkpoints, "_SMALLEST", 200)
    monkeypatch.setattr("controlplane.event_log.FAR", 0)


@pytest.fixture
def kept(log: EventLog, tmp_path: Path) -> Checkpoints:
    """A log of accounts that come, move, change and go, and its checkpoints."""
    with without_fsync():
        for position in range(1, LENGTH + 1):
            who = f"user{position - position % 5}@example.test"
            told = {
                1: AccountChanged(address=who, password_hash="{X}other"),
                2: AccountMoved(address=who, after=""),
                3: QuotaSet(address=who, limit=f"{position}M"),
                4: AccountRemoved(address=who),
            }
            first = account(f"user{position}")
            log.append(change(position, told[position % 5] if position % 5 and position > 5 else first))
    made = Checkpoints(tmp_path / "checkpoints")
    log.marks = made
    now = made.current(log, tmp_path / "none")
    assert now.state == replayed(log, LENGTH)
    return made


def replayed(log: EventLog, position: int) -> State:
    """The state at a position by the longest way."""
    return fold(State(), (e for c in log.iterate() if c.position <= position for e in c.events))


def must_hold(log: EventLog, kept: Checkpoints) -> None:
    """Each state is as replay gives it, and each position and time is found."""
    changes = list(log.iterate())
    for position in range(1, LENGTH + 1):
        assert kept.state_at(log, position) == replayed(log, position)
        assert log.commit_at(position) == changes[position - 1].commit
        assert log.position_at(changes[position - 1].time) == position
    assert log.position_at(BEGIN - timedelta(days=1)) == 0


def test_every_state_is_as_replay_gives_it(log: EventLog, kept: Checkpoints) -> None:
    """From checkpoints or from the start, it is one and the same."""
    assert [mark.position for mark in kept.marks(log)] == list(range(7, LENGTH, 7))
    assert len(list((kept.folder).glob("*.states"))) > 1
    must_hold(log, kept)


@pytest.mark.parametrize("name", ["index", "states"])
@pytest.mark.parametrize(
    "harm",
    [lambda b: b[:-9], lambda _: b"", lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:], lambda _: None],
    ids=["cut", "empty", "flipped", "lost"],
)
def test_damage_costs_nothing_but_time(
    log: EventLog, kept: Checkpoints, name: str, harm: Callable[[bytes], bytes | None]
) -> None:
    """A damaged file is not believed, and what it held is made again."""
    paths = sorted(kept.folder.glob("*.states")) if name == "states" else [kept.folder / "index"]
    for path in paths:
        content = harm(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)
    must_hold(log, kept)
    kept.catch_up(log)
    assert kept.marks(log)[-1].position >= LENGTH - 7
    must_hold(log, kept)


def test_checkpoints_go_on_where_they_ended(log: EventLog, kept: Checkpoints) -> None:
    """What comes later is added; the files before it stay."""
    before = kept.marks(log)
    with without_fsync():
        fill(log, 15)
    kept.catch_up(log)
    assert kept.marks(log)[: len(before)] == before
    assert kept.state_at(log, LENGTH + 10) == replayed(log, LENGTH + 10)


def test_checkpoints_of_another_log_are_not_used(kept: Checkpoints, tmp_path: Path) -> None:
    """A volume that was restored from a backup has its own."""
    (tmp_path / "other").mkdir()
    other = open_log(tmp_path / "other", StateRepo.ensure(tmp_path / "other" / "state.git"))
    with without_fsync():
        fill(other, LENGTH)
    assert Checkpoints(kept.folder).marks(other) == []
    Checkpoints(kept.folder).catch_up(other)
    assert Checkpoints(kept.folder).state_at(other, 20) == replayed(other, 20)


def test_what_serves_is_known_at_each_mark(log: EventLog, tmp_path: Path) -> None:
    """A mark names the change sets that decide what serves there."""
    with without_fsync():
        for position in range(1, 22):
            event = ReleaseApplied(node="mail", release=1, seconds=0.1)
            log.append(change(position, *([event] if position in (3, 10) else [account(position)])))
    made = Checkpoints(tmp_path / "checkpoints")
    made.catch_up(log)
    assert [mark.decided for mark in made.marks(log)] == [(3,), (10,), (10,)]


@given(changed_states())
def test_differences_lead_from_one_state_to_the_other(both: tuple[Desired, Desired]) -> None:
    """Whatever differs, the order of everything included."""
    old, new = map(State, both)
    there = differences.apply(old, differences.between(old, new))
    assert there == new
    assert list(there.desired.aliases) == list(new.desired.aliases)
    assert differences.between(new, there) == {}


def test_an_alias_that_comes_back_stands_at_the_end() -> None:
    """The order is kept where putting new rows last does not give it."""
    old = fold(State(), [AliasAdded(source=f"{n}@x.test", targets=("a@x.test",)) for n in "abc"])
    gone = [
        AliasRemoved(source="a@x.test", targets=("a@x.test",)),
        AliasAdded(source="a@x.test", targets=("a@x.test",)),
    ]
    new = fold(old, gone)
    assert list(differences.apply(old, differences.between(old, new)).desired.aliases) == [
        "b@x.test",
        "c@x.test",
        "a@x.test",
    ]


def test_a_question_leaves_checkpoints_for_the_next(log: EventLog, tmp_path: Path) -> None:
    """A log that has none yet is folded once, also where its snapshot spared the start that."""
    with without_fsync():
        fill(log, 30)
    made = Checkpoints(tmp_path / "checkpoints")
    assert made.state_at(log, 20) == replayed(log, 20)
    assert [mark.position for mark in made.marks(log)] == [7, 14]
    assert made.state_at(log, 29) == replayed(log, 29)
    assert [mark.position for mark in made.marks(log)] == [7, 14, 21, 28]
