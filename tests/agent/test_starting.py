"""The start: what the node knows goes into the log first, and what still starts is no fault of others."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from agent.apply.engine import Request
from agent.errors import Unavailable
from agent.files.mail_owner import own
from agent.health.probes import Answer
from agent.paths import Paths
from agent.program import Agent
from agent.release.git_objects import ObjectReader
from agent.reports.readiness import Readiness
from tests.agent.conftest import World, make_world, sample
from wire.manifest import Probe


class Control:
    """The daemon's place: remembers in which order it was asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[str] = []
        self.newest = world.repository.release(sample())

    def ask(self, op: str, **_arguments: Any) -> dict[str, Any]:
        self.asked.append(op)
        if op == "agent.volume":  # an import makes a newer release
            self.newest = self.world.repository.release(sample(userdb="imported\n"))
            return {"refused": [], "overruled": ["gitops/recipient.txt"]}
        return {"release": self.newest.commit, "number": self.newest.number, "main": ""}


@pytest.fixture
def agent(world: World, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent on a node with a filled config volume, its daemons replaced as in `world`."""
    paths = Paths(world.root)
    (paths.volume / "gitops").mkdir(parents=True)
    (paths.volume / "gitops/recipient.txt").write_text("old\n")
    made = Agent(paths)
    made.node.actor, made.node.prober = world.node.actor, world.node.prober
    made.node.compiler = world.node.compiler
    made.node.check = lambda *_: []
    control = Control(world)
    monkeypatch.setattr(made.daemon, "ask", control.ask)
    monkeypatch.setattr(made.readiness, "release_serves", lambda **_: None)
    return made


def test_the_volume_is_imported_before_the_first_apply(agent: Agent, world: World) -> None:
    """One apply, of the release that has the imported files; nothing was started for the one before."""
    applied: list[int] = []
    apply = agent.engine.apply
    agent.engine.apply = lambda request, *rest: applied.append(request.number) or apply(request, *rest)  # type: ignore[method-assign, func-returns-value]
    agent.serving.start()
    agent.catching_up.run()
    assert applied == [2]
    assert world.text("etc/dovecot/userdb") == "imported\n"


def test_requests_wait_until_the_node_has_told_what_it_knows(agent: Agent, world: World) -> None:
    """What the daemon asks for meanwhile is answered by that one apply."""
    early = world.repository.release(sample(userdb="early\n"))
    answers: list[dict[str, Any]] = []
    asked = {"release": early.commit, "number": 0, "main": ""}
    thread = threading.Thread(target=lambda: answers.append(agent.operations.apply(asked)))
    thread.start()
    assert not answers
    agent.catching_up.run()
    thread.join(60)
    assert [answer["outcome"] for answer in answers] == ["applied"]
    assert world.text("etc/dovecot/userdb") == "imported\n"


def with_main(agent: Agent, world: World, text: str) -> dict[str, Any]:
    """A release and a `main` to ask the agent for."""
    release = world.repository.release(sample(userdb=text))
    main = world.repository.commit({"config/one.cf": text.encode()})
    return {"release": release.commit, "number": release.number, "main": main}


def test_an_answer_does_not_wait_for_the_config_volume(
    agent: Agent, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What serves is told first; the volume follows, and the next apply waits for it."""
    agent.catching_up.run()
    told, written = threading.Event(), threading.Event()
    project = agent.volume.project

    def waiting(objects: ObjectReader, main: str) -> None:
        assert told.wait(60)
        project(objects, main)
        written.set()

    monkeypatch.setattr(agent.volume, "project", waiting)
    assert agent.operations.apply(with_main(agent, world, "one\n"))["outcome"] == "applied"
    told.set()
    assert written.wait(60)
    with agent.queue.lock:
        assert (agent.volume.folder / "one.cf").read_text() == "one\n"


@pytest.mark.parametrize(("packed", "processes"), [(False, []), (True, ["git"])])
def test_an_apply_starts_git_once_at_most(
    agent: Agent, world: World, monkeypatch: pytest.MonkeyPatch, packed: bool, processes: list[str]
) -> None:
    """The release, its files and what goes to the volume are read without it, or through one process."""
    agent.catching_up.run()
    asked = with_main(agent, world, "one\n")
    if packed:
        world.repository.pack(asked["release"], asked["main"])
    started: list[list[str]] = []
    real = subprocess.Popen

    def popen(words: list[str], **options: Any) -> Any:
        started.append(words)
        return real(words, **options)

    monkeypatch.setattr("agent.release.git_objects.subprocess.Popen", popen)
    agent.operations.apply(asked)
    with agent.queue.lock:
        assert (agent.volume.folder / "one.cf").read_text() == "one\n"
    assert [words[0] for words in started] == processes


def test_a_projection_that_was_missed_is_made_at_the_next_start(
    agent: Agent, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent was killed between its answer and the projection: the release serves already."""
    asked = with_main(agent, world, "one\n")
    agent.serving.start()
    with monkeypatch.context() as killed:
        killed.setattr(agent.volume, "project", lambda *_: None)
        killed.setattr(agent.daemon, "ask", lambda *_, **__: asked)
        agent.catching_up.run()
    assert not (agent.volume.folder / "one.cf").exists()
    monkeypatch.setattr(agent.daemon, "ask", lambda *_, **__: asked)
    agent.catching_up.run()
    assert (agent.volume.folder / "one.cf").read_text() == "one\n"


def test_the_ready_line_is_printed_once_a_container_start(
    served: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that is started again in the same container is silent."""
    monkeypatch.setattr("agent.reports.readiness.wait", lambda *_: [Answer("x", True, 1.0)])

    def start() -> None:
        readiness = Readiness(served.node)
        readiness.release_serves()
        for thread in threading.enumerate():
            if thread.name == "ready":
                thread.join(60)
        assert readiness.ready

    start()
    start()
    assert capfd.readouterr().out.count("is up and running") == 1
    (served.node.paths.run / "ready").unlink()  # the container's start clears its run folder
    start()
    assert capfd.readouterr().out.count("is up and running") == 1


Prober = Callable[[Iterable[Probe], Path, float, Callable[[], bool]], list[Answer]]


def filtered(world: World, silent: set[str], detail: str = "454 4.7.0 TLS not available") -> Prober:
    """Rspamd in front of Postfix: `silent` services do not answer, Postfix says why."""

    def prober(probes: Any, _root: Path, _deadline: float, _hopeless: Any) -> list[Answer]:
        return [Answer(p.name, p.name not in silent, 1.0, detail) for p in probes]

    world.node.prober = prober
    return prober


def with_rspamd(world: World, **contents: str) -> Request:
    """A release whose Rspamd comes before Postfix."""
    services = {
        name: {"programs": [name], "probes": [{"name": name, "kind": "tcp", "port": 1}]}
        for name in ("rspamd", "dovecot", "postfix")
    }
    order = ["rspamd", "dovecot", "postfix"]
    return world.repository.release(sample(**contents), services=services, order=order)


def test_a_filter_that_still_starts_fails_nobody(served: World) -> None:
    """Enabling Rspamd succeeds while it starts: Postfix says "later", and that is no failure."""
    filtered(served, {"rspamd", "postfix"})
    assert served.engine.apply(with_rspamd(served, main="main 2\n"))["outcome"] == "applied"


def test_postfix_that_fails_behind_a_starting_filter_is_rolled_back(served: World) -> None:
    """Only a temporary answer is excused."""
    filtered(served, {"rspamd", "postfix"}, "Connection refused")
    outcome = served.engine.apply(with_rspamd(served, main="main 2\n"))
    assert (outcome["outcome"], outcome["service"]) == ("rolled_back", "postfix")


def test_a_filter_that_died_is_rolled_back(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that ended does not count as starting."""
    filtered(served, {"rspamd"})
    monkeypatch.setattr("agent.apply.steps.has_died", lambda _programs, names: "rspamd" in names)
    outcome = served.engine.apply(with_rspamd(served, main="main 2\n"))
    assert (outcome["outcome"], outcome["service"]) == ("rolled_back", "rspamd")


def test_mail_gets_its_owner_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything below /var/mail, links as links, the top last; nothing when it is so already."""
    mail = tmp_path / "mail"
    (mail / "example.test/user/cur").mkdir(parents=True)
    (mail / "example.test/user/link").symlink_to("/etc/passwd")
    given: list[tuple[str, bool]] = []

    def chown(path: str | Path, uid: int, gid: int, *, follow_symlinks: bool = True) -> None:
        assert (uid, gid) == (70001, 70002)
        given.append((str(path).removeprefix(str(mail)), follow_symlinks))

    monkeypatch.setattr(os, "chown", chown)
    own(mail, (70001, 70002), tmp_path)
    assert given[-1] == ("", True)
    assert ("/example.test/user/link", False) in given
    assert len(given) == 5
    given.clear()
    own(mail, (mail.stat().st_uid, mail.stat().st_gid), tmp_path)
    own(mail, None, tmp_path)
    assert given == []


def test_a_failed_restore_is_tried_again(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps the applied release from being put in place may pass; no restart by hand is needed."""
    again = make_world(served.root)
    agent = Agent(again.node.paths)
    monkeypatch.setattr("agent.start.serving.FIRST_RETRY", 0.01)
    monkeypatch.setattr(agent.readiness, "release_serves", lambda **_: None)
    agent.node.actor, agent.node.prober = again.node.actor, again.node.prober
    agent.node.compiler = again.node.compiler
    problems = ["the disk is full", "", "never asked"]
    tried = threading.Event()

    def restore(*_: Any) -> str:
        if len(problems) == 2:
            tried.set()
        return problems.pop(0)

    monkeypatch.setattr("agent.start.serving.serve_applied", restore)
    agent.node.journal.set_quarantine([{"commit": "x", "number": 1}])
    agent.serving.start()
    assert tried.wait(10)
    assert agent.node.journal.quarantine() == []


def test_a_restart_serves_before_anybody_is_asked(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The applied release is there at once; the daemon, which may be broken, is asked after."""
    again = make_world(served.root)
    agent = Agent(again.node.paths)
    monkeypatch.setattr(agent.readiness, "release_serves", lambda **_: None)
    agent.node.actor, agent.node.prober = again.node.actor, again.node.prober
    agent.node.compiler = again.node.compiler
    agent.serving.start()
    assert agent.node.release.number == 1
    assert {"postfix", "dovecot"} <= again.programs.running
    assert not agent.caught_up.is_set()


class Clock:
    """Time that passes only while somebody sleeps; a daemon that listens from some second on."""

    def __init__(self, listens: float) -> None:
        self.now, self.listens = 0.0, listens
        self.tries: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def ask(self, _op: str, **_arguments: Any) -> dict[str, Any]:
        self.tries.append(self.now)
        if self.now < self.listens:
            raise Unavailable("nobody listens")
        return {}


@pytest.mark.parametrize(("listens", "late", "most"), [(0.7, 0.03, 40), (4.9, 0.03, 300), (100.0, 2.0, 350)])
def test_the_daemon_is_heard_of_as_soon_as_it_listens(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, listens: float, late: float, most: int
) -> None:
    """At most so many seconds late, after so many tries: often while it starts, seldom where it is broken."""
    clock = Clock(listens)
    monkeypatch.setattr("agent.start.dialogue.time", clock)
    monkeypatch.setattr(agent.daemon, "ask", clock.ask)
    monkeypatch.setattr(agent.dialogue, "_in_silence", lambda: None)
    agent.dialogue.hello()
    assert clock.now - listens <= late
    assert len(clock.tries) <= most
