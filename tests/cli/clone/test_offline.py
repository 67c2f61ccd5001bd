"""`validate`, `plan` and `explain` in a person's clone, with no server anywhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Peer

Run = Callable[..., int]
HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86
GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.test",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.test",
}


def git(folder: Path, *arguments: str) -> None:
    """Hermetic git."""
    subprocess.run(["git", *arguments], cwd=folder, env=GIT, check=True, capture_output=True, timeout=60)


def make_clone(folder: Path) -> Path:
    """A clone whose origin/main has one account, and nothing else that a server would give it."""
    (folder / "config").mkdir(parents=True)
    (folder / "mailserver.env").write_text("ENABLE_RSPAMD=1\n")
    (folder / "config/postfix-accounts.cf").write_text(f"user1@example.test|{HASH}\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return folder


@pytest.fixture
def clone(tmp_path: Path, no_server: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with the working directory in it."""
    folder = make_clone(tmp_path / "mail-state")
    monkeypatch.chdir(folder)
    return folder


def test_a_good_tree_is_valid(mailctl: Run, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says that the daemons' own checkers did not run."""
    assert mailctl("validate") == 0
    assert "checkers did not run" in capsys.readouterr().err


def test_mistakes_are_found_before_the_push(
    mailctl: Run, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them at once, with file and line."""
    (clone / "mailserver.env").write_text("ENABEL_RSPAMD=1\n")
    (clone / "config/postfix-virtual.cf").write_text("x@example.test  not an address@@\n")
    assert mailctl("validate", str(clone)) == 1
    told = capsys.readouterr().out
    assert "mailserver.env:1:" in told
    assert "ENABLE_RSPAMD" in told
    assert "config/postfix-virtual.cf:1:" in told
    assert mailctl("plan") == 1
    assert "mailserver.env:1:" in capsys.readouterr().out


def test_a_working_tree_is_planned_against_the_server(
    mailctl: Run, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Events, files and actions of what is not pushed yet; 4 where a difference was asked for."""
    assert mailctl("plan", "--exit-code") == 0
    assert "Plan: 0 to add, 0 to change, 0 to remove." in capsys.readouterr().out
    (clone / "config/postfix-virtual.cf").write_text("info@example.test user1@example.test\n")
    assert mailctl("plan", "--exit-code") == 4
    captured = capsys.readouterr()
    assert "Plan: 1 to add, 0 to change, 0 to remove." in captured.out
    assert "checkers did not run" in captured.err


def test_a_range_is_planned_as_markdown_and_json(
    mailctl: Run, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A..B compares two commits of the clone."""
    (clone / "config/postfix-virtual.cf").write_text("info@example.test user1@example.test\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Add an alias")
    assert mailctl("plan", "HEAD~1..HEAD", "--format", "markdown") == 0
    assert capsys.readouterr().out.startswith("### Plan: 1 to add")
    assert mailctl("plan", "HEAD", "--json") == 0
    assert json.loads(capsys.readouterr().out)["add"] == 1


def test_a_setting_is_explained_without_a_server(
    mailctl: Run, no_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it does, its values and default."""
    assert mailctl("explain", "ENABLE_RSPAMD") == 0
    told = capsys.readouterr().out
    assert "name       ENABLE_RSPAMD" in told
    assert "default    0" in told
    assert "read by" in told
    assert "supported  yes" in told
    assert mailctl("explain", "SRS_SECRET") == 0
    told = capsys.readouterr().out
    assert "e.g. with  ENABLE_SRS=1" in told
    assert "secret     yes" in told
    assert mailctl("explain", "POSTMASTER_ADDRESS") == 0
    assert "postmaster@ the mail domain" in capsys.readouterr().out


def test_an_unknown_setting_has_a_neighbour(
    mailctl: Run, no_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest known name is reported."""
    assert mailctl("explain", "ENABEL_RSPAMD") == 1
    assert "ENABLE_RSPAMD" in capsys.readouterr().err


def test_the_value_in_effect_is_shown(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """With a server, its value and where that comes from."""
    daemon.answers["explain"] = {"result": {"value": "1", "source": "environment", "supported": True}}
    assert mailctl("explain", "enable_rspamd") == 0
    assert "1  (pinned by the container's environment)" in capsys.readouterr().out
    answer = {"value": "modern", "source": "environment", "supported": True, "overruled": "intermediate"}
    daemon.answers["explain"] = {"result": answer}
    assert mailctl("explain", "TLS_LEVEL") == 0
    told = capsys.readouterr().out
    assert "on main    intermediate  (no effect while the environment pins it)" in told
    assert "careful    intermediate weakens TLS" in told
    answer = {"value": "letsencrypt", "source": "main", "supported": False}
    daemon.answers["explain"] = {"result": answer}
    assert mailctl("explain", "SSL_TYPE") == 0
    told = capsys.readouterr().out
    assert "letsencrypt  (from mailserver.env on main)" in told
    assert "no effect yet" in told


def test_with_a_server_the_tree_is_sent(mailctl: Run, clone: Path, daemon: Peer) -> None:
    """The server's checkers take part when there is one."""
    daemon.answers["validate"] = {"result": {"problems": [], "checked": ["postfix"], "seconds": 0.4}}
    assert mailctl("validate") == 0
    sent = daemon.asked("validate")["files"]
    assert set(sent) == {"mailserver.env", "config/postfix-accounts.cf"}
    assert sent["mailserver.env"] == {"content": "RU5BQkxFX1JTUEFNRD0xCg==", "mode": 0o100644}


def test_a_folder_that_is_no_clone_is_not_valid(
    mailctl: Run,
    no_server: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is nothing to validate: an error with the cure, whether the folder is named or one is in it."""
    monkeypatch.chdir(tmp_path)
    for words in (["validate"], ["validate", str(tmp_path)], ["validate", "."]):
        assert mailctl(*words) == 1
        told = capsys.readouterr().err
        assert f"{tmp_path} is no clone of the state repo" in told
        assert "mailctl validate main" in told


def test_a_revision_is_asked_of_the_server(mailctl: Run, daemon: Peer, tmp_path: Path) -> None:
    """An argument that is not a folder names a revision; a folder never does."""
    daemon.answers["validate"] = {"result": {"problems": [], "checked": ["postfix"]}}
    assert mailctl("validate", "main") == 0
    assert daemon.asked("validate") == {"revision": "main"}
    assert mailctl("validate", str(tmp_path)) == 1
    assert len(daemon.requests) == 1
