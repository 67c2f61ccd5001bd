"""A reload of Postfix is over when the new generation runs, not when the command returns."""

from __future__ import annotations

from pathlib import Path

from agent.actions import Actor
from agent.commands import Ran
from agent.generation import queue_managers
from agent.manifest import Release, ServiceEntry
from agent.plan import Plan
from tests.agent.conftest import Programs

POSTFIX = Release("c", 1, services={"postfix": ServiceEntry("postfix", ("postfix",), ())})


def test_queue_managers_are_found_among_the_children_of_master(tmp_path: Path) -> None:
    """Neither other children nor other people's queue managers count."""
    (tmp_path / "master.pid").write_text("       7\n")
    for pid, name in {"8": "pickup", "9": "qmgr", "10": "qmgr", "11": "qmgr"}.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "comm").write_text(f"{name}\n")
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    (tmp_path / "7" / "task" / "7" / "children").write_text("8 9 11 12 ")
    assert queue_managers(tmp_path / "master.pid", tmp_path) == {9, 11}


def test_without_a_master_there_is_none(tmp_path: Path) -> None:
    """What cannot be told is not waited for."""
    assert queue_managers(tmp_path / "master.pid", tmp_path) == frozenset()


def test_a_reload_waits_for_the_new_generation() -> None:
    """The probes that follow meet processes that have read the new configuration."""
    seen = [frozenset({9}), frozenset({9}), frozenset(), frozenset({12})]
    actor = Actor(Programs({"postfix"}), lambda *_: Ran(0, ""), lambda: seen.pop(0))
    actor.act(Plan(actions={"postfix": "reload"}), POSTFIX)
    assert not seen


def test_a_reload_waits_for_nothing_where_the_generation_cannot_be_told() -> None:
    """It is asked once and then left to the probes."""
    seen: list[frozenset[int]] = [frozenset()]
    actor = Actor(Programs({"postfix"}), lambda *_: Ran(0, ""), lambda: seen.pop(0))
    actor.act(Plan(actions={"postfix": "reload"}), POSTFIX)
    assert not seen
