"""`mailctl rollback` and `revert`: the plan, the question, the answer."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Peer

Run = Callable[..., int]


class Terminal(io.StringIO):
    """Somebody sits there, and types this."""

    def isatty(self) -> bool:
        return True


PLANNED = {
    "title": "► taken back, as a new change set:\n  41  root",
    "notes": ["dovecot.cf stays"],
    "text": ["  − alias.removed  info@example.test"],
    "plan": {"remove": 1},
    "different": True,
    "refused": [],
    "main": "abc",
}
DONE = {"position": 132, "release": 101, "outcome": {"outcome": "applied", "release": 101, "seconds": 0.3}}


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_a_terminal_is_shown_the_plan_and_asked(
    mailctl: Run,
    daemon: Peer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    status: int,
) -> None:
    """A yes carries out just that plan; anything else changes nothing."""
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    daemon.answers["revert"] = {"result": PLANNED | DONE}
    assert mailctl("revert", "41", "42") == status
    told = capsys.readouterr().err
    assert told.index("41  root") < told.index("alias.removed") < told.index("Take it back? [y/N]")
    assert daemon.requests[0]["dry_run"] is True
    assert [request["main"] for request in daemon.requests[1:]] == (["abc"] if status == 0 else [])
    assert ("change set 132" in told) is (status == 0)
    assert ("nothing was changed" in told) is (status == 1)


def test_yes_is_not_asked(mailctl: Run, daemon: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """-y goes on, as a script does."""
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    daemon.answers["rollback"] = {"result": PLANNED | DONE}
    assert mailctl("rollback", "2", "-y", "--allow-mass-delete", "--skip-refused") == 0
    asked = daemon.asked("rollback")
    assert asked == {
        "target": "2", "allow_mass_delete": True, "skip_refused": True, "reason": "", "wait": True
    }  # fmt: skip


def test_what_would_be_refused_is_not_even_asked(
    mailctl: Run, daemon: Peer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan is shown, then why it does not go, with the cure."""
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    problem = {"path": "config/x", "line": 0, "message": "7 of 7 would go", "cure": "--allow-mass-delete"}
    daemon.answers["rollback"] = {"result": PLANNED | {"refused": [problem]}}
    assert mailctl("rollback", "2") == 1
    told = capsys.readouterr().err
    assert told.index("alias.removed") < told.index("✗ refused") < told.index("7 of 7 would go")
    assert len(daemon.requests) == 1


def test_a_dry_run_shows_the_plan_as_data(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stdout, as text or JSON; with --exit-code the status is 4 where there is a difference."""
    daemon.answers["rollback"] = {"result": PLANNED}
    assert mailctl("rollback", "2", "--dry-run") == 0
    assert "alias.removed" in capsys.readouterr().out
    assert mailctl("rollback", "2", "--dry-run", "--exit-code") == 4
    capsys.readouterr()
    assert mailctl("rollback", "2", "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["plan"] == {"remove": 1}
    assert all(request["dry_run"] for request in daemon.requests)


@pytest.mark.parametrize(("outcome", "status"), [("applied", 0), ("rolled_back", 1), ("rejected", 1)])
def test_json_ends_with_the_status_of_the_text(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], outcome: str, status: int
) -> None:
    """A script that reads the answer is told by the exit status, too, that it does not serve."""
    made = {**DONE, "outcome": {**DONE["outcome"], "outcome": outcome}}  # type: ignore[dict-item]
    daemon.answers["revert"] = {"result": {**PLANNED, **made}}
    assert mailctl("revert", "41", "--yes", "--json") == status
    assert json.loads(capsys.readouterr().out)["position"] == 132
