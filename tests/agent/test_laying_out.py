"""Services lay out what stands for mounted files: before they serve, and when a release is applied again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commands import Ran
from agent.errors import Problem
from services.base import LaidOut, NodeService, NodeServices
from tests.agent.conftest import World, sample

LEFT = Problem("postfix", "etc/postfix/theirs", 3, "there is no such thing; write another")


class Mounted:
    """A service's way to do it, which counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.changed = False
        self.fails = False

    def __call__(self, _root: Path, managed: Collection[str]) -> LaidOut:
        self.calls += 1
        if self.fails:
            raise OSError("no room")
        assert "etc/postfix/main.cf" in managed
        return LaidOut(self.changed, (LEFT,))


@pytest.fixture
def mounted(world: World) -> Mounted:
    """How Postfix does it."""
    found = Mounted()

    def with_it(service: NodeService) -> NodeService:
        return replace(service, lay_out=found if service.name == "postfix" else None)

    world.node.services = NodeServices([with_it(service) for service in world.node.services])
    return found


def test_it_is_done_before_a_release_serves(world: World, mounted: Mounted) -> None:
    """What does not count is in the status, and said once in the log."""
    assert world.apply()["outcome"] == "applied"
    assert mounted.calls
    assert world.node.left_out == [LEFT]


def test_it_stands_in_nobodys_way(world: World, mounted: Mounted, capfd: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot be written is told; the service says what it lacks."""
    mounted.fails = True
    assert world.apply()["outcome"] == "applied"
    assert "no room" in capfd.readouterr().err


def test_the_same_release_again_has_them_read(world: World, mounted: Mounted) -> None:
    """Only where something is different: then the service reloads."""
    request = world.repository.release(sample())
    world.engine.apply(request)
    assert world.engine.apply(request)["actions"] == {}
    mounted.changed = True
    world.node.runner = lambda *_: Ran(0, "")
    assert world.engine.apply(request)["actions"] == {"postfix": "reload"}


def test_what_would_be_refused_is_not_read(world: World, mounted: Mounted) -> None:
    """The service goes on, and whoever asked is told."""
    request = world.repository.release(sample())
    world.engine.apply(request)
    mounted.changed = True
    world.node.runner = lambda *_: Ran(1, "postconf: fatal: no such thing\n")
    outcome = world.engine.apply(request)
    assert (outcome["outcome"], outcome["actions"]) == ("rejected", {})
    assert "no such thing" in outcome["reason"]
