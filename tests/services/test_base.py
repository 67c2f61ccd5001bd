"""What a service gets without saying anything, and the common ways of a reload."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.apply.actions import Actor
from agent.apply.plan import Plan
from agent.commands import Ran
from agent.errors import Failed
from agent.release.manifest import Release, ServiceEntry
from services.base import Command, NodeService, NodeServices, Signal
from tests.agent.conftest import Programs

COMMAND = Command(("reload-it",), settle=("wait-for-it",))


def act(service: NodeService, ran: Ran) -> list[str]:
    """Reload a service that runs one program of its name; what was asked of supervisor, then what was run."""
    programs, words = Programs({service.name}), []

    def runner(command: Sequence[str], _seconds: float) -> Ran:
        words.append(" ".join(command))
        return ran

    release = Release("c", 1, services={service.name: ServiceEntry(service.name, (service.name,), ())})
    Actor(programs, NodeServices([service]), runner).act(Plan(actions={service.name: "reload"}), release)
    return [*programs.calls, *words]


def test_a_service_that_says_nothing_is_restarted() -> None:
    """A reload is a restart where there is no other way."""
    assert act(NodeService("x"), Ran(0, "")) == ["stop x", "start x"]


def test_a_signal_goes_to_its_program() -> None:
    """The program need not be called as the service is."""
    assert act(NodeService("x", reload=Signal("xd", "HUP")), Ran(0, "")) == ["signal xd HUP"]


def test_a_command_is_waited_for() -> None:
    """What settles runs after it."""
    assert act(NodeService("x", reload=COMMAND), Ran(0, "")) == ["reload-it", "wait-for-it"]


@pytest.mark.parametrize(("ran", "reason"), [(Ran(1, "no\n"), "failed: no"), (Ran(124, ""), "hung for 10 s")])
def test_a_command_that_fails_is_a_failure(ran: Ran, reason: str) -> None:
    """The service and the last line of its output are named."""
    with pytest.raises(Failed, match=f"reload of x {reason}") as caught:
        act(NodeService("x", reload=COMMAND), ran)
    assert caught.value.service == "x"


def test_an_unknown_service_may_write_nowhere() -> None:
    """A release may name it, and then it has every default."""
    services = NodeServices([NodeService("x", areas=("etc/x/",))])
    assert services.of("y") == NodeService("y")
    assert services.areas == ("etc/x/",)
