"""Applying: what is written, which services are acted on, and what is rolled back when a step fails."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from typing import Any

import pytest

from agent.apply.attempt import Attempt
from agent.apply.engine import Engine, Request
from agent.apply.queue import Answer, ApplyQueue
from agent.apply.steps import STEPS, Step, act, commit, probe
from agent.errors import Failed, Problem
from agent.files import staging
from agent.records.journal import Applied
from tests.agent.conftest import World, restart_agent, sample

MAIN, VIRTUAL, USERDB = "etc/postfix/main.cf", "etc/postfix/virtual", "etc/dovecot/userdb"


def failing(at: Step, error: Exception, before: bool) -> tuple[Step, ...]:
    """The steps with an error before or after one of them."""

    def broken(attempt: Attempt) -> None:
        if not before:
            at(attempt)
        raise error

    return tuple(broken if step is at else step for step in STEPS)


def test_first_release_writes_all_and_starts_in_order(world: World) -> None:
    """The first release writes every file and starts services in the manifest's order."""
    outcome = world.apply()
    assert outcome["outcome"] == "applied"
    assert world.programs.calls == ["start dovecot", "start postfix"]
    assert world.text(VIRTUAL + ".lmdb") == "map of virtual 1\n"
    assert world.node.journal.applied().number == 1
    assert world.rubbish() == []


def test_account_change_touches_no_service(served: World) -> None:
    """A new account or alias writes its files and reloads no service."""
    before = (served.root / MAIN).stat()
    outcome = served.apply(userdb="a new account\n", virtual="a new alias\n")
    assert (outcome["outcome"], outcome["actions"], served.programs.calls) == ("applied", {}, [])
    assert served.text(VIRTUAL + ".lmdb") == "map of a new alias\n"
    assert (served.root / MAIN).stat() == before


def test_passwd_file_never_repeats_a_second(served: World) -> None:
    """Two changes of the same size within a second differ in the time that Dovecot compares."""
    seconds = []
    for text in ("one\n", "two\n", "six\n"):
        served.apply(userdb=text)
        seconds.append(int((served.root / USERDB).stat().st_mtime))
    assert sorted(set(seconds)) == seconds


def test_reload_only_what_changed(served: World) -> None:
    """A changed main.cf reloads Postfix alone."""
    assert served.apply(main="other = 1\n")["actions"] == {"postfix": "reload"}
    assert served.programs.calls == ["postfix reload"]


def test_mail_put_off_during_a_reload_of_dovecot_is_flushed(served: World) -> None:
    """Mail that met no LMTP socket is delivered once Dovecot answers, not when Postfix next retries."""
    assert served.apply(dovecot="other\n")["actions"] == {"dovecot": "reload"}
    assert [
        call for call in served.programs.calls if not call.startswith(("doveconf", "doveadm service"))
    ] == [
        "doveadm reload",
        "postqueue -f",
    ]


def test_parameter_that_needs_a_restart(world: World) -> None:
    """A parameter of restart_on makes a reload a restart."""
    files = sample(main="inet_interfaces = all\nx = 1\n")
    row = {"service": "postfix", "action": "reload", "mode": "0644", "owner": "root:root", "compile": ""}
    rows = {path: row | {"restart_on": ["inet_interfaces"]} for path in files}
    world.engine.apply(world.repository.release(files, files=rows))
    world.programs.calls.clear()
    files[MAIN] = "inet_interfaces = all\nx = 2\n"
    assert world.engine.apply(world.repository.release(files, files=rows))["actions"] == {"postfix": "reload"}
    files[MAIN] = "inet_interfaces =\n  127.0.0.1\nx = 2\n"
    assert world.engine.apply(world.repository.release(files, files=rows))["actions"] == {
        "postfix": "restart"
    }


def test_service_that_goes_is_stopped_and_its_files_removed(served: World) -> None:
    """A release without a service stops its programs and removes its files."""
    files = {path: text for path, text in sample().items() if "postfix" not in path}
    services = {"dovecot": {"programs": ["dovecot"], "probes": []}}
    outcome = served.engine.apply(served.repository.release(files, services=services))
    assert outcome["outcome"] == "applied"
    assert served.programs.calls == ["stop postfix"]
    assert not (served.root / MAIN).exists()
    assert not (served.root / (VIRTUAL + ".lmdb")).exists()


def test_checker_rejects_before_anything_changes(served: World) -> None:
    """A problem of a checker names its place and leaves everything as it was."""
    served.problems.append(Problem("postfix", MAIN, 3, "unknown parameter x"))
    outcome = served.apply(main="x = 1\n")
    assert (outcome["outcome"], outcome["path"], outcome["line"]) == ("rejected", MAIN, 3)
    assert (served.text(MAIN), served.programs.calls, served.rubbish()) == ("main 1\n", [], [])


def test_map_that_does_not_compile_is_rejected(served: World) -> None:
    """A map's own compiler is its check."""
    outcome = served.apply(virtual="uncompilable\n")
    assert (outcome["outcome"], outcome["service"]) == ("rejected", "postfix")
    assert served.text(VIRTUAL) == "virtual 1\n"


def test_dead_probe_rolls_back_and_quarantines(served: World) -> None:
    """A release whose service is silent is rolled back and refused afterwards; a changed one is tried."""
    served.broken.add("deadly")
    first = served.apply(main="deadly\n")
    assert (first["outcome"], first["service"], first["serving"]) == ("rolled_back", "postfix", 1)
    assert served.text(MAIN) == "main 1\n"
    assert "stop postfix" in served.programs.calls
    served.programs.calls.clear()
    again = served.apply(main="deadly\n")
    assert (again["outcome"], again["service"], served.programs.calls) == ("quarantined", "postfix", [])
    assert served.text(MAIN) == "main 1\n"
    assert served.apply(main="good\n")["outcome"] == "applied"
    assert served.node.journal.failure() is None


def test_retry_overrides_quarantine(served: World) -> None:
    """`retry` tries the same content again, and its success ends the quarantine."""
    served.broken.add("deadly")
    served.apply(main="deadly\n")
    served.broken.clear()
    request = served.repository.release(sample(main="deadly\n"))
    assert served.engine.apply(request)["outcome"] == "quarantined"
    outcome = served.engine.apply(Request(request.commit, request.number, retry=True))
    assert outcome["outcome"] == "applied"
    assert served.node.journal.quarantine() == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", [s for s in STEPS if s is not commit], ids=lambda s: s.__name__)
@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), Failed("postfix", "dead"), RuntimeError("a bug")],
    ids=["full disk", "failure", "bug"],
)
def test_fault_at_every_step(served: World, step: Step, before: bool, error: Exception) -> None:
    """Whatever fails wherever, the last good release is on disk and the outcome says so."""
    request = served.repository.release(sample(main="new\n", virtual="new\n", userdb="new\n"))
    served.engine.steps = failing(step, error, before)
    outcome = served.engine.apply(request)
    assert outcome["outcome"] in ("rejected", "rolled_back")
    assert (outcome["serving"], served.text(MAIN), served.text(USERDB)) == (1, "main 1\n", "userdb 1\n")
    assert served.text(VIRTUAL + ".lmdb") == "map of virtual 1\n"
    assert served.node.journal.outcomes()[-1] == outcome
    assert (served.node.journal.interrupted(), served.rubbish()) == (None, [])
    assert served.node.drifted(served.node.release) == []
    served.engine.steps = STEPS
    if step not in (act, probe):
        assert served.apply(main="newer\n")["outcome"] == "applied"


def test_commit_that_fails_rolls_back(served: World) -> None:
    """A commit that could not be written is no commit."""

    def full(_attempt: Attempt) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    served.engine.steps = (*STEPS[:-1], full)
    assert served.apply(main="new\n")["outcome"] == "rolled_back"
    assert (served.text(MAIN), served.node.applied.number) == ("main 1\n", 1)


def test_full_disk_while_staging(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills in the middle of staging leaves nothing behind."""
    real: Callable[..., Any] = staging.stage
    calls = []

    def stage(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(staging, "stage", stage)
    outcome = served.apply(main="new\n", userdb="new\n")
    assert (outcome["outcome"], served.rubbish()) == ("rejected", [])
    assert "No space left" in outcome["reason"]


def test_first_release_that_fails_is_tried_again(world: World) -> None:
    """Without a last good release nothing stays half running and nothing is quarantined."""
    world.broken.add("main")
    assert world.apply()["outcome"] == "rolled_back"
    assert (world.programs.running, world.node.journal.quarantine()) == (set(), [])
    world.broken.clear()
    assert world.apply()["outcome"] == "applied"


def test_hand_edit_is_healed_by_applying_again(served: World) -> None:
    """Applying the release that serves writes what drifted, and nothing else."""
    (served.root / MAIN).write_text("by hand\n")
    request = Request(served.node.applied.commit, 1)
    outcome = served.engine.apply(request)
    assert (outcome["actions"], served.text(MAIN)) == ({"postfix": "reload"}, "main 1\n")


def test_known_drift_is_healed_by_the_next_release(served: World) -> None:
    """A release that changes another file puts back what is known to differ."""
    (served.root / MAIN).write_text("by hand\n")
    served.node.drift = [MAIN]
    served.apply(userdb="a:hash\n")
    assert (served.text(MAIN), served.node.drift) == ("main 1\n", [])


def test_suspended_node_applies_nothing(served: World) -> None:
    """While suspended a release is answered, not applied, and that survives a restart."""
    served.node.journal.suspend(True)
    assert served.apply(main="new\n")["outcome"] == "suspended"
    assert restart_agent(served).node.journal.suspended


def test_unknown_commit_is_rejected(served: World) -> None:
    """A commit that does not exist is an outcome, not a crash."""
    outcome = served.engine.apply(Request("0" * 40, 9))
    assert outcome["outcome"] == "rejected"


def test_newer_request_supersedes_one_that_waits() -> None:
    """Requests that wait together are answered by one apply of the newest."""
    begun, go = threading.Event(), threading.Event()
    applied: list[int] = []

    def apply(request: Request, answer: Answer) -> None:
        begun.set()
        assert go.wait(60)
        applied.append(request.number)
        answer({"release": request.number})

    queue = ApplyQueue(apply)
    answers: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: queue.submit(Request("c", n))}))
        for n in (1, 2, 3)
    ]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    while queue.waiters() < 2:
        threading.Event().wait(0.005)
    go.set()
    for thread in threads:
        thread.join(60)
    assert applied == [1, 3]
    assert {n: a["release"] for n, a in answers.items()} == {1: 1, 2: 3, 3: 3}
    assert queue.submit(Request("c", 2))["release"] == 3


def test_engine_reads_only_what_changed(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the same object id is neither read from git nor looked at on disk."""
    read: list[str] = []
    real = type(served.node.contents).content

    def content(contents: Any, objects: Any, entry: Any) -> bytes:
        read.append(entry.path)
        return real(contents, objects, entry)

    monkeypatch.setattr(type(served.node.contents), "content", content)
    served.apply(userdb="new\n")
    assert set(read) == {USERDB}


def test_engine_is_reusable() -> None:
    """The steps are a table in order, ending with the commit."""
    assert Engine.__init__.__defaults__ is not None
    assert STEPS[-1] is commit


def test_commit_that_is_not_recorded_does_not_count(served: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the record of what serves cannot be written, the agent goes on saying what really serves."""

    def full(_applied: Applied) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(served.node.journal), "set_applied", lambda _, applied: full(applied))
    outcome = served.apply(main="new\n")
    assert (outcome["outcome"], outcome["serving"]) == ("rolled_back", 1)
    assert (served.text(MAIN), served.node.applied.number) == ("main 1\n", 1)


def test_a_service_that_was_silent_before_is_restarted(served: World) -> None:
    """What a reload does not end is no fault of the release, and nothing is put in quarantine for it."""
    served.broken.add("main 1")
    served.programs.restarts_heal = lambda: served.broken.clear()
    outcome = served.apply(main="main 2\n")
    assert outcome["outcome"] == "applied"
    assert outcome["actions"] == {"postfix": "restart"}
    served.programs.restarts_heal = lambda: None
    served.broken.update({"main 2", "main 3"})
    assert served.apply(main="main 3\n")["outcome"] == "rolled_back"
    assert served.node.journal.quarantine() == []
