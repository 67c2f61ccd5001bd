"""`mailctl log` and `mailctl history`: the daemon makes the file that they read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlplane.events import AliasAdded
from controlplane.git import StateRepo
from controlplane.readmodel.model import ReadModel
from controlplane.release import Releases
from controlplane.state_volume import read_model
from tests.change_sets import account, change, open_log
from tests.cli.conftest import Peer

Run = Callable[..., int]

CURRENT = {"result": {"position": 3, "commit": "", "current": True, "unreadable": ""}}


@pytest.fixture
def volume(tmp_path: Path, daemon: Peer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state volume whose read model is up to date, as the daemon says."""
    control = tmp_path / "state" / "control"
    control.mkdir(parents=True)
    repo = StateRepo.ensure(tmp_path / "state" / "state.git")
    log = open_log(control, repo)
    log.append(change(1, account("ann"), account("bob")))
    log.append(change(2, AliasAdded(source="info@example.test", targets=("ann@example.test",))))
    log.append(replace(change(3, account("eve"), reason="odd \x1b[31m"), source="setup", actor="root"))
    ReadModel(read_model(control), log, Releases(repo)).catch_up()
    daemon.answers["project"] = CURRENT
    monkeypatch.setenv("MAILCTL_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What `--json` printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_log_reads_what_the_daemon_made(
    mailctl: Run, daemon: Peer, volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The daemon only brings the file up to date; --json prints one line per event, the newest last."""
    assert mailctl("log", "--json") == 0
    assert daemon.asked("project") == {}
    told = lines(capsys)
    assert [(row["position"], row["subject"]) for row in told] == [
        (1, "ann@example.test"), (1, "bob@example.test"), (2, "info@example.test"), (3, "eve@example.test"),
    ]  # fmt: skip
    assert told[2] == {
        "position": 2,
        "time": "2026-11-22T14:05:11.123Z",
        "kind": "alias.added",
        "effect": "add",
        "subject": "info@example.test",
        "detail": "→ ann@example.test",
        "actor": "Ada Admin",
        "source": "push",
        "author": "Grace Author",
        "reason": "a ticket",
        "release": 0,
        "outcome": "pending",
        "outcome_time": "",
        "outcome_reason": "",
        "clock": "",
        "live": "",
    }
    assert told[3]["reason"] == "odd \\x1b[31m"


@pytest.mark.parametrize(
    ("words", "positions"),
    [
        (["--kind", "alias"], [2]),
        (["--source", "setup"], [3]),
        (["--actor", "Ada*", "--limit", "2"], [1, 2]),
        (["--until", "2026-11-22 14:05"], [1, 1]),
        (["--text", "ticket", "--subject", "bob@example.test"], [1]),
        (["--outcome", "pending", "--kind", "account"], [1, 1, 3]),
        (["--outcome", "rolled-back"], []),
    ],
)
def test_log_passes_its_filters_on(
    mailctl: Run, volume: Path, capsys: pytest.CaptureFixture[str], words: list[str], positions: list[int]
) -> None:
    """Each of them reaches the question."""
    assert mailctl("log", *words, "--json") == 0
    assert [row["position"] for row in lines(capsys)] == positions


def test_history_asks_for_a_subject(
    mailctl: Run, daemon: Peer, volume: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long it takes to bring the file up to date; an empty answer is no error."""
    assert mailctl("history", "info@example.test", "--json") == 0
    assert daemon.asked("project") == {"wait": True}
    assert [row["kind"] for row in lines(capsys)] == ["alias.added"]
    assert mailctl("history", "nobody@example.test") == 0


def test_a_volume_that_is_not_here_is_told(
    mailctl: Run,
    daemon: Peer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever reaches the daemon from elsewhere cannot read its files."""
    daemon.answers["project"] = CURRENT
    monkeypatch.setenv("MAILCTL_STATE", str(tmp_path / "none"))
    assert mailctl("log") == 1
    assert "the state volume is not here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["history", "nosuch@example.test"], "nothing is known of nosuch@example.test"),
        (
            ["log", "--source", "nosuch", "--actor", "me"],
            "nothing in the log fits --source nosuch --actor me",
        ),
        (["log", "--source", "nosuch", "--json"], "nothing in the log fits --source nosuch"),
    ],
)
def test_an_empty_answer_is_told(
    mailctl: Run, volume: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """On stderr, so that a program that reads stdout sees just that there is nothing."""
    assert mailctl(*words) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
