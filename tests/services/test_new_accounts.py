"""New accounts that Dovecot may look up before it looks at its passwd-file again."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from agent.apply.steps import install
from services.dovecot import announced_files
from services.dovecot import new_accounts as fresh
from services.dovecot.announced_files import FRESH, STALE
from tests.agent.conftest import FILES, World, restart_agent, sample


def line(user: str, hashed: str = "{PLAIN}x", extra: str = "") -> str:
    """A line of the passwd-file."""
    return f"{user}@example.test:{hashed}:5000:5000::/var/mail/example.test/{user}/home::{extra}\n"


@pytest.fixture
def served(world: World) -> World:
    """A node that serves accounts a and b."""
    assert world.apply(userdb=line("a") + line("b"))["outcome"] == "applied"
    return world


@pytest.fixture
def folder(served: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of announced lines; its files stay until a test wants them gone."""
    monkeypatch.setattr(fresh, "SECONDS", 60.0)
    return served.root / FRESH


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the agent waited, each time it did."""
    times: list[float] = []
    monkeypatch.setattr(time, "sleep", times.append)
    return times


def wait_for_timers() -> None:
    """Wait until those that are due are through."""
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer) and timer.interval < 1:
            timer.join(60)


def announced(folder: Path) -> dict[str, str]:
    """What Dovecot would read there."""
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}


def test_new_and_changed_accounts_are_announced(served: World, folder: Path) -> None:
    """Only what differs has a file, with the fields of the userdb in the form that a login takes over."""
    served.apply(userdb=line("a", "{PLAIN}new") + line("b") + line("C", extra="userdb_quota_rule=*:bytes=5M"))
    home = "/var/mail/example.test"
    assert announced(folder) == {
        "a@example.test": f"a@example.test:{{PLAIN}}new:5000:5000::{home}/a/home::"
        f"userdb_uid=5000 userdb_gid=5000 userdb_home={home}/a/home\n",
        "c@example.test": f"C@example.test:{{PLAIN}}x:5000:5000::{home}/C/home::"
        f"userdb_uid=5000 userdb_gid=5000 userdb_home={home}/C/home userdb_quota_rule=*:bytes=5M\n",
    }


def test_accounts_that_go_are_not_announced_any_more(served: World, folder: Path) -> None:
    """An account that is removed, or whose password changes again, leaves no old file behind."""
    served.apply(userdb=line("a") + line("b", "{PLAIN}2") + line("c"))
    served.apply(userdb=line("a") + line("b", "{PLAIN}3"))
    assert announced(folder).keys() == {"b@example.test"}
    assert "{PLAIN}3" in announced(folder)["b@example.test"]


def test_what_was_true_before_is_denied(served: World, folder: Path, slept: list[float]) -> None:
    """Who is gone or has another line is not looked for in the passwd-file; nobody waits for that."""
    served.apply(userdb=line("B", "{PLAIN}2") + line("c"))
    stale = served.root / STALE
    assert announced(stale) == {
        "a@example.test": "a@example.test:::::::nopassword\n",
        "b@example.test": "b@example.test:::::::nopassword\n",
    }
    assert announced(folder).keys() == {"b@example.test", "c@example.test"}
    assert slept == []


def test_masters_are_announced_too(
    served: World, folder: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under names that no account can have: a master's password opens nothing without the master's name."""
    path, others = "etc/dovecot/masterdb", sample(userdb=line("a") + line("b"))
    monkeypatch.setitem(FILES, path, ("dovecot", "none", ""))
    texts = ["boss@example.test:{PLAIN}1::::::\n", "boss@example.test:{PLAIN}2::::::\n", ""]
    for text in texts:
        outcome = served.engine.apply(served.repository.release(others | {path: text}))
        assert outcome["outcome"] == "applied"
        assert announced(folder) == ({"boss@example.test*master": text} if text == texts[1] else {})
    stale = announced(served.root / STALE)
    assert stale == {"boss@example.test*master": "boss@example.test:::::::nopassword\n"}


def test_who_comes_back_at_once_gets_in(served: World, folder: Path, slept: list[float]) -> None:
    """Deleted and added again: the new line counts, and nothing else."""
    served.apply(userdb=line("b"))
    served.apply(userdb=line("a", "{PLAIN}again") + line("b"))
    assert "again" in announced(folder)["a@example.test"]
    assert announced(served.root / STALE).keys() == {"a@example.test"}
    assert slept == []


@pytest.mark.parametrize("after", ["{PLAIN}3", ""])
def test_a_file_that_was_read_is_remembered(
    served: World, folder: Path, slept: list[float], after: str
) -> None:
    """Changed twice, and somebody tried in between: the outcome comes when that second is over."""
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    announced(folder)
    served.apply(userdb=(line("a", after) if after else "") + line("b"))
    assert len(slept) == 1
    assert 0 < slept[0] <= 1 + announced_files.LAG


def test_most_changes_are_waited_for_when_there_are_many(
    served: World, folder: Path, slept: list[float]
) -> None:
    """Passwords of many people, too many to be announced; new people alone are in nobody's memory."""
    many = [line(f"u{n}") for n in range(fresh.MOST + 1)]
    served.apply(userdb=line("a") + line("b") + "".join(many))
    assert slept == []
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    assert not announced(folder)
    assert not announced(served.root / STALE)
    assert len(slept) == 1


@pytest.mark.parametrize("after", ["{PLAIN}3", ""])
def test_what_went_in_this_second_is_remembered(
    served: World, folder: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The files of an account go, and it changes again: Dovecot may know the line of a file that is gone."""
    monkeypatch.setattr(fresh, "SECONDS", 0.0)
    monkeypatch.setattr(time, "time", lambda: 1000.5)
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    wait_for_timers()
    assert not announced(folder)
    served.apply(userdb=line("a", "{PLAIN}2") + line("b", "{PLAIN}2"))
    assert slept == [], "who did not change is remembered with what is true"
    wait_for_timers()
    served.apply(userdb=(line("a", after) if after else "") + line("b", "{PLAIN}2"))
    assert slept == [pytest.approx(0.5 + announced_files.LAG)]
    slept.clear()
    wait_for_timers()
    monkeypatch.setattr(time, "time", lambda: 1001.5)
    served.apply(userdb=line("b", "{PLAIN}2") + line("a"))
    assert slept == [], "that second is over"


def test_a_new_agent_knows_that_files_went_just_now(
    served: World, folder: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that removed or replaced them was killed: what Dovecot may remember of them no file says."""
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    slept.clear()
    for late, waits in ((0.2, 1), (1.2, 0)):
        os.utime(folder, (1000.3, 1000.3))
        os.utime(served.root / STALE, (1000.3, 1000.3))
        monkeypatch.setattr(time, "time", lambda late=late: 1000.3 + late)
        restart_agent(served)
        assert len(slept) == waits
        slept.clear()


def test_a_new_agent_lets_the_files_of_a_killed_one_stay(
    served: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They keep people out of what Dovecot may remember until they would have gone anyway."""
    served.apply(userdb=line("a", "{PLAIN}2"))
    told = announced(folder), announced(served.root / STALE)
    served = restart_agent(served)
    assert (announced(folder), announced(served.root / STALE)) == told
    monkeypatch.setattr(fresh, "SECONDS", 0.0)
    restart_agent(served)
    wait_for_timers()
    assert not announced(folder)
    assert not announced(served.root / STALE)


@pytest.mark.parametrize("killed", [False, True])
def test_an_attempt_that_is_undone_is_announced_backwards(served: World, folder: Path, killed: bool) -> None:
    """Dovecot may have seen the passwd-file of either: what serves again counts, at once."""
    served.broken.add("broken")
    seen: list[tuple[dict[str, str], dict[str, str]]] = []

    def look(_: object) -> None:
        seen.append((announced(folder), announced(served.root / STALE)))

    def die(_: object) -> None:
        raise KeyboardInterrupt

    before = {"userdb": line("a", "{PLAIN}true") + line("b")}
    served.apply(**before)
    after = {"userdb": line("a", "{PLAIN}false") + line("c")}
    if killed:
        through = served.engine.steps.index(install) + 1
        served.engine.steps = (*served.engine.steps[:through], die)
        with pytest.raises(KeyboardInterrupt):
            served.apply(**after)
        restart_agent(served)
        look(None)
    else:
        served.engine.restore_steps = (look, *served.engine.restore_steps)
        served.apply(main="broken\n", **after)
    fresh_lines, stale_lines = seen[0]
    assert fresh_lines.keys() == {"a@example.test", "b@example.test"}
    assert "{PLAIN}true" in fresh_lines["a@example.test"]
    assert stale_lines.keys() == {"a@example.test", "b@example.test", "c@example.test"}


def test_an_attempt_of_many_changes_that_is_undone_is_waited_for(
    served: World, folder: Path, slept: list[float]
) -> None:
    """No file tells what Dovecot may have seen of it."""
    served.broken.add("broken")
    many = [line(f"u{n}") for n in range(fresh.MOST + 1)]
    serving = line("a") + line("b")
    outcome = served.engine.apply(served.repository.release(sample(main="broken\n", userdb=serving)))
    assert (outcome["outcome"], slept) == ("rolled_back", []), "no account changed"
    served.engine.restore_steps = (lambda _: slept.clear(), *served.engine.restore_steps)
    served.apply(main="broken too\n", userdb=serving + "".join(many))
    assert slept
    assert 0 < slept[0] <= 1 + announced_files.LAG


def test_a_timer_that_was_stopped_too_late_removes_nothing(served: World, folder: Path) -> None:
    """It was already waiting for the change that stopped it."""
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    late = next(t for t in threading.enumerate() if isinstance(t, threading.Timer))
    served.apply(userdb=line("a", "{PLAIN}3") + line("b"))
    late.function()
    assert announced(folder).keys() == {"a@example.test"}


def test_each_file_has_a_time_of_its_own(served: World, folder: Path) -> None:
    """Dovecot takes a file with the same size and second for the same file, also one of a killed agent."""
    times = []
    for password in "1234":
        served.apply(userdb=line("a", password) + line("b"))
        times.append(int((folder / "a@example.test").stat().st_mtime))
        served = restart_agent(served) if password == "2" else served
    assert len(set(times)) == 4


def test_files_go_by_themselves(served: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once Dovecot has read the passwd-file they are removed."""
    monkeypatch.setattr(fresh, "SECONDS", 0.01)
    served.apply(userdb=line("a") + line("c"))
    wait_for_timers()
    assert not announced(folder)


def test_many_accounts_at_once_wait_for_the_passwd_file(served: World, folder: Path) -> None:
    """An import is not announced one by one."""
    served.apply(userdb="".join(line(f"u{n}") for n in range(fresh.MOST + 1)))
    assert not announced(folder)


def test_a_name_cannot_leave_the_folder(served: World, folder: Path) -> None:
    """A slash in an address is not a way to another folder."""
    served.apply(userdb=line("a") + line("../x") + line("..y"))
    assert not announced(folder)


def test_a_failure_does_not_stop_the_release(served: World, folder: Path) -> None:
    """Where the files cannot be made the account comes a second later."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rmdir()
    folder.write_text("")
    assert served.apply(userdb=line("a") + line("c"))["outcome"] == "applied"
