"""A start whose records are all lost: the log says what served, or else the newest release does."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from agent.errors import Unavailable
from agent.paths import Paths
from agent.program import Agent
from tests.agent.conftest import World, git, make_world, sample


def forgetful(world: World, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent in a fresh container on a node whose agent folder is lost."""
    for name in ("etc", "run", "var/mail-state/agent"):
        shutil.rmtree(world.root / name)
    again = make_world(world.root)
    agent = Agent(Paths(world.root))
    agent.node.actor, agent.node.prober = again.node.actor, again.node.prober
    agent.node.compiler, agent.node.check = again.node.compiler, lambda *_: []
    monkeypatch.setattr(agent.readiness, "release_serves", lambda **_: None)
    return agent


class Log:
    """A daemon that knows what was applied, and that releases are held back."""

    def __init__(self, world: World, suspended: bool = False) -> None:
        self.applied = world.node.applied
        self.newest = world.repository.release(sample(main="bad\n"))
        self.suspended, self.hellos = suspended, list[dict[str, Any]]()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        if op == "agent.hello":
            self.hellos.append(arguments)
        known = {"release": self.applied.commit, "number": self.applied.number, "main": ""}
        return {
            "release": self.newest.commit,
            "number": self.newest.number,
            "main": "",
            "suspended": self.suspended,
            "applied": known,
        }


def test_the_log_says_what_served(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the newest release does not serve; the repair is reported with the next hello."""
    log = Log(served)
    agent = forgetful(served, monkeypatch)
    served.broken.add("bad")
    agent.node.prober = served.node.prober
    monkeypatch.setattr(agent.daemon, "ask", log.ask)
    agent.serving.start()
    agent.catching_up.run()
    assert agent.node.applied.number == log.applied.number
    assert served.text("etc/postfix/main.cf") == "main 1\n"
    told = [repair["how"] for hello in log.hellos for repair in hello["repairs"]]
    assert any("as the log says" in how for how in told)
    assert agent.findings.untold() == []


def test_a_lost_mark_of_suspension_is_set_again(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases were suspended before the loss."""
    log = Log(served, suspended=True)
    agent = forgetful(served, monkeypatch)
    monkeypatch.setattr(agent.daemon, "ask", log.ask)
    agent.serving.start()
    agent.catching_up.run()
    assert agent.node.journal.suspended
    assert served.text("etc/postfix/main.cf") == "main 1\n"


def test_without_anybody_to_ask_the_newest_release_serves(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No records, no copy, no daemon; there is a release that can be read."""
    tree = git(served.repository.folder, "rev-parse", f"{served.node.applied.commit}^{{tree}}")
    commit = git(served.repository.folder, "commit-tree", tree, stdin=b"Release 1\n\nRelease: 1\n")
    git(served.repository.folder, "update-ref", "refs/heads/rendered", commit)
    agent = forgetful(served, monkeypatch)
    answers: list[dict[str, Any]] = [{"release": ""}]

    def ask(op: str, **_: Any) -> dict[str, Any]:
        if not agent.node.release.services:
            raise Unavailable(f"nobody answers {op}")
        return answers[0]

    monkeypatch.setattr(agent.daemon, "ask", ask)
    monkeypatch.setattr("agent.start.dialogue.SERVE_WITHOUT_DAEMON", 0.0)
    agent.serving.start()
    agent.dialogue.hello()
    assert served.text("etc/postfix/main.cf") == "main 1\n"
    assert agent.node.journal.applied().commit == commit


def test_what_was_held_is_not_served_when_all_records_are_lost(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names a release without it, and the newest is tried from there: the bad part is held again."""
    log = Log(served)
    log.newest = served.repository.release(sample(main="bad\n", virtual="new@x new@y\n"))
    agent = forgetful(served, monkeypatch)
    served.broken.add("bad")
    agent.node.prober = served.node.prober
    monkeypatch.setattr(agent.daemon, "ask", log.ask)
    agent.serving.start()
    agent.catching_up.run()
    assert served.text("etc/postfix/main.cf") == "main 1\n"
    assert served.text("etc/postfix/virtual") == "new@x new@y\n"
    assert list(agent.node.applied.held["files"]) == ["etc/postfix/main.cf"]


def test_without_anybody_to_ask_a_release_that_answers_serves(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest one breaks a service, as it did before; the one before it serves."""
    folder, parents = served.repository.folder, list[str]()
    for number, request in enumerate(
        (served.node.applied, served.repository.release(sample(main="bad\n"))), 1
    ):
        tree = git(folder, "rev-parse", f"{request.commit}^{{tree}}")
        said = f"Release {number}\n\nRelease: {number}\n".encode()
        parents = ["-p", git(folder, "commit-tree", tree, *parents, stdin=said)]
    git(folder, "update-ref", "refs/heads/rendered", parents[1])
    agent = forgetful(served, monkeypatch)
    served.broken.add("bad")
    agent.node.prober = served.node.prober

    def ask(op: str, **_: Any) -> dict[str, Any]:
        if agent.node.applied.number != 1:
            raise Unavailable(f"nobody answers {op}")
        return {"release": ""}

    monkeypatch.setattr(agent.daemon, "ask", ask)
    monkeypatch.setattr("agent.start.dialogue.SERVE_WITHOUT_DAEMON", 0.0)
    agent.serving.start()
    agent.dialogue.hello()
    assert served.text("etc/postfix/main.cf") == "main 1\n"
    assert agent.node.journal.applied().number == 1


def test_what_the_start_of_the_container_repaired_is_told(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners by their own name, so that the log can be asked for them; once."""
    agent = forgetful(served, monkeypatch)
    agent.paths.repairs.parent.mkdir(parents=True)
    agent.paths.repairs.write_text("/x was not for git to use: /x was made so again\n/y was lost\n")
    agent.serving.start()
    assert [repair.part for repair in agent.findings.repairs] == ["owners", "state volume"]
    assert not agent.paths.repairs.exists()
