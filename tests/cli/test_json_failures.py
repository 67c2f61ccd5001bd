"""With --json a failure is JSON too, and keeps its exit status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controlplane.cli.mailctl import program as mailctl
from controlplane.cli.run import run
from controlplane.cli.setup import program as setup
from tests.cli.test_reference import COMMANDS

WITH_JSON = [path for path, command in COMMANDS if any(p.name == "as_json" for p in command.params)]
PROGRAMS = {"mailctl": mailctl, "setup": setup}


def failure(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, dict[str, Any]]:
    """Exit status and the error of a command line."""
    status = run(PROGRAMS[words[0]], words[0], words[1:])
    return status, json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("path", WITH_JSON)
def test_wrong_usage_is_told_as_json(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist, before or behind --json."""
    for options in (["--json", "--nonsense"], ["--nonsense", "--json"]):
        status, error = failure(capsys, [*path.split(), *options])
        assert status == 2
        assert error["type"] == "UsageError"
        assert "--nonsense" in error["message"]
        assert error["problems"] == []


@pytest.mark.parametrize("path", WITH_JSON)
def test_no_server_is_told_as_json(
    path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Nobody answers: one JSON document, status 1, and for people a line on stderr."""
    for name in ("MAILCTL_SOCKET", "MAIL_AGENT_SOCKET", "MAILCTL_STATE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    needed = {"explain": ["MAIL_NAME"], "history": ["x"], "list": [], "diff": ["1", "2"], "rollback": ["1"]}
    needed |= {"revert": ["1"], "import": [str(tmp_path)], "restrict list": ["send"]}
    words = path.split()
    arguments = next((more for name, more in needed.items() if path.endswith(name) and more), [])
    if path.endswith("restrict list"):
        arguments = ["send"]
    status = run(PROGRAMS[words[0]], words[0], [*words[1:], *arguments, "--json"])
    said = capsys.readouterr()
    assert status in (1, 2), said
    error = json.loads(said.out)["error"]
    assert error["type"] in ("Unavailable", "NotFound", "UsageError", "Refused")
    assert error["message"]
    assert said.err


def test_a_bug_is_told_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 3, and the report is written all the same."""
    monkeypatch.setattr("controlplane.cli.mailctl.verify.call", lambda *_, **__: {}["no"])
    status, error = failure(capsys, ["mailctl", "verify", "--json"])
    assert (status, error["type"]) == (3, "Bug")
