"""`mailctl accounts`: by which scheme passwords are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.events import AccountAdded, AccountChanged, MasterAdded
from controlplane.git import StateRepo
from controlplane.readmodel.model import ReadModel
from controlplane.release import Releases
from controlplane.state_volume import read_model
from tests.change_sets import account, change, open_log
from tests.cli.conftest import Peer

Run = Callable[..., int]
WEAK = {"scheme": "MD5-CRYPT", "weak": True, "refused": True}
SOUND = {"scheme": "SHA512-CRYPT", "weak": False, "refused": False}
ROWS = {
    "accounts": [{"name": "ann@example.test", **WEAK}, {"name": "eve@example.test", **SOUND}],
    "masters": [{"name": "backup", **WEAK}],
}


@pytest.fixture
def volume(tmp_path: Path, daemon: Peer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log where the password of ann came with change set 2, and her attributes with 3."""
    control = tmp_path / "state" / "control"
    control.mkdir(parents=True)
    repo = StateRepo.ensure(tmp_path / "state" / "state.git")
    log = open_log(control, repo)
    log.append(change(1, account("ann"), AccountAdded(address="backup", password_hash="{SHA}x")))
    log.append(change(2, _changed("password"), MasterAdded(name="backup", password_hash="{SHA}x")))
    log.append(change(3, _changed("attributes")))
    ReadModel(read_model(control), log, Releases(repo)).catch_up()
    state = {"position": 3, "commit": "", "current": True, "unreadable": ""}
    daemon.answers |= {"project": {"result": state}, "hashes": {"result": ROWS}}
    monkeypatch.setenv("MAILCTL_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def _changed(what: str) -> AccountChanged:
    return AccountChanged(address="ann@example.test", password_hash="{SHA}x", what=what)


@pytest.mark.usefixtures("volume")
def test_accounts_are_told_with_the_change_that_brought_the_password(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not with one of the attributes, nor with that of a master of the same name; stderr has the cure."""
    assert mailctl("accounts", "--weak") == 0
    assert daemon.asked("hashes") == {"weak": True}
    told = capsys.readouterr()
    assert [line.split("  ") for line in told.out.splitlines()[1:]] == [
        line.split("  ")
        for line in (
            "ann@example.test  MD5-CRYPT     weak  2026-11-22 14:05:11  change set 2",
            "eve@example.test  SHA512-CRYPT",
            "backup (master)   MD5-CRYPT     weak  2026-11-22 14:05:11  change set 2",
        )
    ]
    assert told.err.splitlines() == [
        "⚠ 1 account with a weak password hash: setup email update NAME makes a sound one",
        "⚠ 1 master account with a weak password hash: setup dovecot-master update NAME makes a sound one",
    ]


@pytest.mark.usefixtures("volume")
def test_programs_get_each_row(mailctl: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that cures it; what the log does not know has neither change nor time."""
    assert mailctl("accounts", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accounts"] == [
        {
            **ROWS["accounts"][0],
            "position": 2,
            "since": "2026-11-22T14:05:11.123Z",
            "cure": "setup email update ann@example.test",
        },
        {**ROWS["accounts"][1], "position": 0, "since": "", "cure": ""},
    ]
    assert told["masters"][0]["cure"] == "setup dovecot-master update backup"


def test_nothing_is_asked_of_the_log_where_nothing_is_weak(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is printed."""
    daemon.answers["hashes"] = {"result": {"accounts": [], "masters": []}}
    assert mailctl("accounts", "--weak") == 0
    assert [request["op"] for request in daemon.requests] == ["hashes"]
    assert capsys.readouterr().out == ""
