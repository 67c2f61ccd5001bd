"""Edits of the config volume in several strokes: what takes entries away waits for the last one."""

from __future__ import annotations

import base64
import math

import pytest

from agent.config_volume.strokes import LONGEST, QUIET, Strokes, takes_away
from agent.config_volume.volume import Volume
from tests.agent.conftest import ControlPlane, World, project

ONE, TWO = "a@example.test|x\n", "b@example.test|y\n"


class Clock:
    """A clock that is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(world: World, volume: Volume) -> Clock:
    """The clock of the volume's edits; the volume reads what was before from the repository."""
    clock = Clock()
    volume._strokes = Strokes(clock)
    volume._opened = world.node.open
    return clock


def sent(daemon: ControlPlane) -> list[str | None]:
    """The contents that were sent since the last call."""
    found = [c["content"] and base64.b64decode(c["content"]).decode() for c in daemon.asked]
    daemon.asked.clear()
    return found


@pytest.mark.parametrize(
    ("old", "new", "away"),
    [
        (ONE + TWO, TWO, True),
        (ONE + TWO, "", True),
        (ONE, ONE + TWO, False),
        (ONE + TWO, TWO + ONE, False),
        (ONE, "a@example.test|another\n", False),
        ("# a comment\n" + ONE, ONE, False),
        (ONE + TWO, "#" + ONE + TWO, True),
        ("x = 1\ny = 2\n", "x=3\n", True),
        ("x = 1\ny = 2\n", "y = 2\nx = 3\n", False),
        ("", ONE, False),
    ],
)
def test_what_takes_entries_away(old: str, new: str, away: bool) -> None:
    """Entries go by their names: a changed password or another order takes nobody away."""
    assert takes_away(old.encode(), new.encode()) is away


@pytest.mark.parametrize("pause", [0.2, 0.7, 1.5])
def test_a_file_written_line_by_line_is_one_edit(
    world: World, volume: Volume, daemon: ControlPlane, clock: Clock, pause: float
) -> None:
    """Emptied, then a line at each stroke: one change when it is done, and nobody was removed."""
    project(volume, world.repository, one=ONE + TWO)
    there, third = volume.folder / "one.cf", "c@example.test|z\n"
    text = ""
    for stroke in ("", ONE, third, TWO):
        text += stroke
        there.write_text(text)
        assert volume.report(patient=True)
        clock.now += pause
    assert sent(daemon) == []
    clock.now += QUIET
    assert volume.until <= clock.now
    assert volume.report(patient=True)
    assert sent(daemon) == [ONE + third + TWO]
    assert volume.until == math.inf


def test_a_file_that_comes_back_was_no_edit(
    world: World, volume: Volume, daemon: ControlPlane, clock: Clock
) -> None:
    """Moved aside and back, or emptied and restored."""
    project(volume, world.repository, one=ONE, two=TWO)
    there = volume.folder / "one.cf"
    there.rename(volume.folder / "one.cf.bak")
    assert volume.report(patient=True)
    clock.now += 1
    (volume.folder / "one.cf.bak").rename(there)
    assert volume.report(patient=True)
    clock.now += QUIET + 1
    assert volume.report(patient=True)
    assert (sent(daemon), volume.until) == ([], math.inf)


@pytest.mark.parametrize("text", [None, TWO, ""])
def test_a_removal_counts_after_a_moment(
    world: World, volume: Volume, daemon: ControlPlane, clock: Clock, text: str | None
) -> None:
    """Once, and after a restart of the agent at once."""
    project(volume, world.repository, one=ONE + TWO, two=TWO)
    there = volume.folder / "one.cf"
    there.unlink() if text is None else there.write_text(text)
    assert volume.report(patient=True)
    assert sent(daemon) == []
    clock.now += QUIET
    assert volume.report(patient=True)
    assert volume.report(patient=True)
    assert sent(daemon) == [text]


def test_additions_do_not_wait(world: World, volume: Volume, daemon: ControlPlane, clock: Clock) -> None:
    """Neither a new account or password nor another file, whatever waits beside it."""
    project(volume, world.repository, one=ONE + TWO, two=ONE)
    (volume.folder / "one.cf").write_text(ONE)
    (volume.folder / "two.cf").write_text(ONE + TWO)
    (volume.folder / "three.cf").write_text(TWO)
    assert volume.report(patient=True)
    assert sorted(map(str, sent(daemon))) == sorted([ONE + TWO, TWO])
    assert clock.now < volume.until <= clock.now + QUIET


def test_a_file_that_never_rests_counts_in_the_end(
    world: World, volume: Volume, daemon: ControlPlane, clock: Clock
) -> None:
    """Something that writes every second does not hold its changes back for ever."""
    project(volume, world.repository, one=ONE + TWO)
    for second in range(int(LONGEST) + 1):
        (volume.folder / "one.cf").write_text(f"{ONE}# {second}\n")
        assert volume.report(patient=True)
        clock.now += 1
    assert len(sent(daemon)) == 1
