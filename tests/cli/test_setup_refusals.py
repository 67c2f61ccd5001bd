"""What `setup` does not do: how it says so, and with which status."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.daemon import embedded
from controlplane.daemon.run import Places
from tests.cli.conftest import Peer

Run = Callable[..., int]

LATER = (
    ("config dkim", "DKIM"),
    ("config dkim keysize 2048 --domain x.test", "DKIM"),
    ("fail2ban", "Fail2Ban"),
    ("fail2ban ban 192.0.2.1", "Fail2Ban"),
    ("fail2ban unban 192.0.2.1", "Fail2Ban"),
    ("fail2ban log", "Fail2Ban"),
    ("fail2ban status", "Fail2Ban"),
    ("debug fail2ban", "Fail2Ban"),
    ("debug fetchmail", "fetching mail from elsewhere"),
    ("debug getmail", "fetching mail from elsewhere"),
)


@pytest.mark.parametrize(("line", "part"), LATER)
def test_a_command_of_a_later_version_says_so(
    setup: Run, capsys: pytest.CaptureFixture[str], line: str, part: str
) -> None:
    """It is documented, so it is not invalid: it fails with what it comes with, and the help lists it."""
    assert setup(*line.split()) == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("✗ setup ")
    assert f"is not supported yet: {part} comes with a later version" in told
    words = " ".join(line.split()[:2])
    assert setup("help") == 0
    (shown,) = [
        row for row in capsys.readouterr().out.splitlines() if re.match(rf"  {words}( [^a-z]| *$|  )", row)
    ]
    assert "Not supported yet" in shown


@pytest.mark.parametrize(
    ("address", "message"),
    [("@example.test", "has no local part"), ("user1@", "has no domain part"), ("user1", "no domain part")],
)
def test_an_address_has_two_parts(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], address: str, message: str
) -> None:
    """The one that is missing is named."""
    assert setup("email", "add", address, "secret") == 2
    assert message in capsys.readouterr().err
    assert daemon.requests == []


def test_a_refusal_without_a_line_shows_no_number(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """`0 |` would speak of a file that nobody wrote."""
    problem = {
        "path": "",
        "line": 0,
        "message": "no",
        "cure": "go",
        "excerpt": "it",
        "column": 1,
        "length": 2,
    }
    daemon.answers["edit"] = {"error": {"type": "Refused", "message": "no", "problems": [problem]}}
    assert setup("quota", "set", "a@b.test", "10X") == 1
    assert "0 |" not in capsys.readouterr().err


@pytest.mark.shows("setup email del")
def test_mail_stays_where_no_server_runs(
    setup: Run, daemon: Peer, no_agent: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a one-off container the account goes, and what could not be done is reported without failing."""
    del no_agent
    daemon.answers["edit"] = {"result": {"position": 0, "written": ["config/postfix-accounts.cf"]}}
    assert setup("email", "del", "-y", "one@b.test") == 0
    told = capsys.readouterr().err
    assert "no server runs here, so the mail of one@b.test was not deleted" in told
    daemon.answers["edit"] = {"result": {"position": 0, "written": []}}
    assert setup("email", "del", "-y", "one@b.test") == 0
    assert capsys.readouterr().err == ""


def test_a_server_whose_agent_is_away_cannot_delete_mail(
    setup: Run, daemon: Peer, no_agent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a server should run it is a failure, not a remark."""
    del no_agent
    (tmp_path / "supervisor").touch()
    monkeypatch.setattr("controlplane.cli.ask.client.SUPERVISOR_SOCKET", str(tmp_path / "supervisor"))
    daemon.answers["edit"] = {"result": {"position": 3}}
    assert setup("email", "del", "-y", "one@b.test") == 1


def test_a_bare_folder_and_no_server(
    setup: Run, no_server: None, no_agent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `docker run --rm -v … IMAGE setup email del -y`: the account is gone from the file."""
    del no_server, no_agent
    (tmp_path / "no-state").mkdir()
    monkeypatch.setattr("controlplane.daemon.embedded.VOLUME", tmp_path)
    monkeypatch.setattr(embedded.call, "__defaults__", (Places(root=tmp_path / "nothing"), tmp_path))
    assert setup("email", "del", "-y", "one@b.test") == 0
    (tmp_path / "postfix-accounts.cf").write_text("one@b.test|{SHA}x\ntwo@b.test|{SHA}x\n")
    assert setup("email", "del", "-y", "one@b.test") == 0
    assert (tmp_path / "postfix-accounts.cf").read_text() == "two@b.test|{SHA}x\n"


class _Terminal(io.StringIO):
    """Somebody sits there."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("email add a@b.test", "account.add"),
        ("email update a@b.test", "account.update"),
        ("email del a@b.test", "account.remove"),
        ("dovecot-master add admin", "master.add"),
        ("dovecot-master update admin", "master.update"),
        ("relay add-auth b.test me", "relay.credentials"),
    ],
)
def test_nobody_is_asked_for_what_is_refused_anyway(
    setup: Run,
    daemon: Peer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    what: str,
) -> None:
    """The server says no before a password, or whether to delete mail, is asked."""
    monkeypatch.setattr(sys, "stdin", _Terminal(""))
    problem = {"path": "", "line": 0, "message": "there is no such thing", "cure": "go"}
    daemon.answers["rehearse"] = {"error": {"type": "Refused", "message": "no", "problems": [problem]}}
    assert setup(*line.split()) == 1
    told = capsys.readouterr().err
    assert "there is no such thing" in told
    assert "?" not in told
    assert "Password" not in told
    assert [request["command"] for request in daemon.requests] == [what]
