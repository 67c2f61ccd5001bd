"""What the agent reports is of the types that the daemon passes it on as."""

from __future__ import annotations

import pytest

from agent.errors import Problem
from agent.reports import status
from controlplane.protocol.changes import Applied
from controlplane.protocol.status import Status
from tests.agent.conftest import World
from tests.typed_answers import must_be, must_hold


@pytest.fixture(autouse=True)
def no_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is asked for."""
    monkeypatch.setattr(status, "_resolves", lambda _: True)


def test_outcomes(world: World) -> None:
    """Applied, rolled back, quarantined, suspended, rejected: with the same fields, and no other."""
    first = world.apply()
    world.broken.add("broken")
    wanted = [first, world.apply(main="broken\n"), world.apply(main="broken\n")]
    world.problems.append(Problem("postfix", "etc/postfix/main.cf", 1, "bad"))
    wanted.append(world.apply(main="main 3\n"))
    world.node.journal.suspend(True)
    wanted.append(world.apply(main="main 4\n"))
    kinds = ["applied", "rolled_back", "quarantined", "rejected", "suspended"]
    assert [each["outcome"] for each in wanted] == kinds
    for each in wanted:
        must_be(Applied, each)


def test_status(served: World) -> None:
    """Each part of it, also after a failure. What is held the daemon tells in its own words."""
    served.broken.add("broken")
    served.apply(main="broken\n")
    report = status.Status(served.node).report() | served.node.findings.report()
    assert report.pop("held")
    assert report["failure"]
    must_hold(Status, report)
