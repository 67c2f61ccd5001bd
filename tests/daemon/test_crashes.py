"""A crash between any two steps of a change heals at the next start, and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.daemon.site import ROOT, Site

VIRTUAL = "config/postfix-virtual.cf"


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def _die(*_arguments: object, **_named: object) -> None:
    raise Killed


def _crash_in(site: Site, step: str, patch: pytest.MonkeyPatch) -> None:
    stores = site.daemon.intake.stores
    target = {"append": stores.log, "write": stores.releases, "forget": stores.accepted}[step]
    patch.setattr(type(target), step, _die)
    with pytest.raises(Killed):
        site.add("lost@example.test")
    patch.undo()


@pytest.mark.parametrize("step", ["append", "write", "forget"])
def test_a_command_that_was_cut_short_is_finished_at_the_next_start(site: Site, step: str) -> None:
    """Once `main` moved the change is recorded, with its actor and source, and rendered."""
    site.add("user1@example.test")
    with pytest.MonkeyPatch.context() as patch:
        _crash_in(site, step, patch)
    site.stop(save=False)
    site.start()
    assert "lost@example.test" in site.daemon.intake.state.desired.accounts
    entry = site.ask("history", subject="lost@example.test")["entries"][-1]
    assert (entry["actor"], entry["source"]) == ("root", "setup")
    assert site.daemon.intake.stores.accepted.commits() == []
    site.must_agree()


def test_a_push_that_was_not_taken_over_is_at_the_next_start(site: Site) -> None:
    """git moved `main`, the daemon died before post-receive: who and why come from the record."""
    clone = site.clone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlplane.daemon.ops.hooks._take_over", lambda *_: None)
        assert clone.change(VIRTUAL, "info@example.test a@example.test\n", "Add info").returncode == 0
    site.stop(save=False)
    site.start()
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    assert (entry["actor"], entry["source"], entry["reason"]) == ("ada@laptop", "push", "Add info")
    site.must_agree()


def test_a_command_behind_an_unrecorded_push_keeps_the_two_apart(site: Site) -> None:
    """Each change set has its own actor, though both are found by one look at `main`."""
    clone = site.clone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlplane.daemon.ops.hooks._take_over", lambda *_: None)
        clone.change(VIRTUAL, "info@example.test a@example.test\n")
    site.add("user1@example.test")
    log = {entry["subject"]: entry["actor"] for entry in site.ask("log")["entries"]}
    assert log["info@example.test"] == "ada@laptop"
    assert log["user1@example.test"] == "root"
    site.must_agree()


def test_a_release_that_was_not_delivered_is_at_the_next_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon died after post-receive was answered: the agent, which went on, is asked once more."""
    monkeypatch.setattr(site.daemon.delivery, "poke", lambda: 0)
    assert site.clone().change(VIRTUAL, "info@example.test a@example.test\n", "Add info").returncode == 0
    wanted = site.daemon.intake.release_number
    assert site.daemon.intake.state.status.applied < wanted
    site.stop(save=False)
    monkeypatch.setattr(site, "settle", lambda: None)  # nobody asks for anything
    site.start()
    assert site.daemon.delivery.wait_for(wanted, 30)
    assert site.daemon.intake.state.status.applied == wanted


def test_an_old_or_missing_snapshot_is_no_loss(site: Site) -> None:
    """The state is folded from the log."""
    site.add("user1@example.test")
    site.stop()
    (site.places.root / "control" / "snapshot.json").write_text("nonsense")
    site.start()
    assert list(site.daemon.intake.state.desired.accounts) == ["user1@example.test"]
    site.must_agree()


def test_kill_nine_of_the_process_loses_no_acknowledged_change() -> None:
    """A real process on a real socket is killed in the middle of many commands."""
    with tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "state").mkdir()
        process = _spawn(folder)
        script = (
            "import json,socket,sys\n"
            "for n in range(1000):\n"
            " s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            " r={'op':'edit','command':'alias.add','alias':f'a{n}@example.test',"
            "'target':'u@example.test','wait':False}\n"
            " s.sendall(json.dumps(r).encode()+b'\\n')\n"
            " a=s.makefile().readline()\n"
            " if '\"result\"' in a: print(n, flush=True)\n"
            " else: break\n"
        )
        client = subprocess.Popen(
            [sys.executable, "-c", script, str(folder / "control.sock")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert client.stdout is not None
        acknowledged = [int(client.stdout.readline()) for _ in range(10)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
        acknowledged += [int(line) for line in client.stdout if line.strip()]
        client.wait(60)
        client.stdout.close()
        site = Site(folder)
        aliases = site.daemon.intake.state.desired.aliases
        assert all(f"a{number}@example.test" in aliases for number in acknowledged)
        site.must_agree()
        site.close()


def test_a_signal_ends_the_process_cleanly() -> None:
    """SIGTERM saves the snapshot and exits with 0."""
    with tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "state").mkdir()
        process = _spawn(folder)
        process.terminate()
        assert process.wait(60) == 0
        assert (folder / "state" / "control" / "snapshot.json").exists()
        assert not (folder / "control.sock").exists()


def _spawn(folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "MAILCTL_STATE": str(folder / "state"),
        "MAILCTL_SOCKET": str(folder / "control.sock"),
        "MAIL_AGENT_SOCKET": str(folder / "agent.sock"),
        "MAILCTL_HOOKS": str(ROOT / "hooks"),
        "MAILCTL_TEMPLATE": str(ROOT / "state-repo-template"),
        "MAILSERVER_FQDN": "mail.example.test",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "controlplane.daemon"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while not (folder / "control.sock").exists():
        assert process.poll() is None, "the daemon did not start"
        assert time.monotonic() < end
        os.sched_yield()
    return process
