"""New accounts that Dovecot may look up before it looks at its passwd-file again."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from services.dovecot import new_accounts as fresh
from tests.agent.conftest import FILES, World, restart_agent, sample


def line(user: str, hashed: str = "{PLAIN}x", extra: str = "") -> str:
    """A line of the passwd-file."""
    return f"{user}@example.test:{hashed}:5000:5000::/var/mail/example.test/{user}/home::{extra}\n"


@pytest.fixture
def folder(served: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a node that serves accounts a and b; its files stay until a test wants them gone."""
    monkeypatch.setattr(fresh, "SECONDS", 60.0)
    served.apply(userdb=line("a") + line("b"))
    served.node.clear_announced()
    return served.root / fresh.FRESH


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the agent waited, each time it did."""
    times: list[float] = []
    monkeypatch.setattr(fresh.time, "sleep", times.append)
    return times


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
    stale = served.root / fresh.STALE
    assert announced(stale) == {
        "a@example.test": "a@example.test:::::::nopassword\n",
        "b@example.test": "b@example.test:::::::nopassword\n",
    }
    assert announced(folder).keys() == {"b@example.test", "c@example.test"}
    served.node.clear_announced()
    assert not announced(stale)
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
    stale = announced(served.root / fresh.STALE)
    assert stale == {"boss@example.test*master": "boss@example.test:::::::nopassword\n"}


def test_who_comes_back_at_once_gets_in(served: World, folder: Path, slept: list[float]) -> None:
    """Deleted and added again: the new line counts, and nothing else."""
    served.apply(userdb=line("b"))
    served.apply(userdb=line("a", "{PLAIN}again") + line("b"))
    assert "again" in announced(folder)["a@example.test"]
    assert announced(served.root / fresh.STALE).keys() == {"a@example.test"}
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
    assert 0 < slept[0] <= 1


def test_most_changes_are_waited_for_when_there_are_many(
    served: World, folder: Path, slept: list[float]
) -> None:
    """Passwords of many people, too many to be announced; new people alone are in nobody's memory."""
    many = [line(f"u{n}") for n in range(fresh.MOST + 1)]
    served.apply(userdb=line("a") + line("b") + "".join(many))
    assert slept == []
    served.apply(userdb=line("a", "{PLAIN}2") + line("b"))
    assert not announced(folder)
    assert not announced(served.root / fresh.STALE)
    assert len(slept) == 1


def test_a_new_agent_waits_for_what_a_killed_one_announced(
    served: World, folder: Path, slept: list[float]
) -> None:
    """The files of this second go when it is over: until then they keep people out."""
    served.apply(userdb=line("a"))
    restart_agent(served)
    assert len(slept) <= 1, "none where the second was over by itself"
    future = time.time() + 60
    os.utime(folder, (future, future))
    slept.clear()
    restart_agent(served)
    assert len(slept) == 1


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
    before = set(threading.enumerate())
    served.apply(userdb=line("a") + line("c"))
    for timer in [t for t in threading.enumerate() if isinstance(t, threading.Timer) and t not in before]:
        timer.join(60)
    assert not announced(folder)


def test_a_release_that_is_rolled_back_leaves_no_account(served: World, folder: Path) -> None:
    """The accounts of a release that does not serve cannot log in; they can once the rest of it does."""
    served.broken.add("broken")
    seen: list[dict[str, str]] = []
    steps = served.engine.restore_steps
    served.engine.restore_steps = (lambda _: seen.append(announced(folder)), *steps)
    outcome = served.apply(main="broken\n", userdb=line("a") + line("c"))
    assert (outcome["outcome"], seen) == ("applied", [{}])
    assert announced(folder)


def test_a_new_agent_removes_what_a_killed_one_left(served: World, folder: Path) -> None:
    """No file outlives the agent that would have removed it."""
    served.apply(userdb=line("a") + line("c"))
    assert announced(folder)
    restart_agent(served)
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
