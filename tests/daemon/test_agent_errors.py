"""An error that the agent answers with keeps its kind: only for what is Unavailable one tries again."""

from __future__ import annotations

import pytest

from controlplane.errors import Bug, Corrupt, NotFound, Refused, Unavailable
from tests.daemon.site import Site
from wire.errors import ErrorAnswer


def fails(site: Site, op: str, name: str, message: str = "it says why") -> None:
    """Let an operation of the agent fail from now on."""

    def answer() -> dict[str, object]:
        raise ErrorAnswer(name, message)

    assert site.agent
    site.agent.answers[op] = answer


@pytest.mark.parametrize("kind", [Refused, NotFound, Corrupt, Unavailable])
def test_an_error_of_the_agent_keeps_its_kind(site: Site, kind: type[Exception]) -> None:
    """With its words."""
    fails(site, "suspend", kind.__name__)
    with pytest.raises(kind, match="the agent says: it says why"):
        site.ask("suspend")


def test_a_bug_of_the_agent_is_shown_as_one(site: Site) -> None:
    """Nobody is told to try later."""
    fails(site, "suspend", "Bug", "KeyError: 'x'")
    with pytest.raises(Bug, match="a bug in the agent, at suspend: KeyError: 'x'"):
        site.ask("suspend")


def test_status_answers_whatever_the_agent_says(site: Site) -> None:
    """And names it."""
    fails(site, "status", "Bug", "KeyError: 'x'")
    found = site.ask("status")
    assert not found["healthy"]
    assert found["failure"]["reason"] == "a bug in the agent, at status: KeyError: 'x'"


def test_a_push_tells_why_it_was_not_checked(site: Site) -> None:
    """A fault of the agent keeps nobody from mending what it failed at."""
    fails(site, "validate", "Bug", "KeyError: 'x'")
    pushed = site.clone().change("config/dovecot.cf", "mail_max_userip_connections = 3\n")
    assert pushed.returncode == 0
    assert "not checked by the daemons: a bug in the agent, at validate: KeyError: 'x'" in pushed.stderr


def test_a_refused_release_is_told_at_once(site: Site) -> None:
    """Whoever waits for it need not wait until nobody can answer any more."""
    fails(site, "apply", "Bug", "KeyError: 'x'")
    change = site.add("user1@example.test")
    assert change["outcome"]["outcome"] == "rejected"
    assert change["outcome"]["reason"] == "a bug in the agent, at apply: KeyError: 'x'"
    assert site.agent
    del site.agent.answers["apply"]
    assert site.add("user2@example.test")["outcome"]["outcome"] == "applied"
