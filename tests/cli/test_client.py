"""The socket client and the one handler of errors."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.cli.ask.client import call, error_of
from controlplane.errors import Refused, Unavailable
from tests.cli.conftest import Peer
from wire.errors import ErrorAnswer

Run = Callable[..., int]

PROBLEM = {
    "path": "config/postfix-virtual.cf",
    "line": 14,
    "message": 'alias target "not an address@@" is not an address',
    "cure": "write one or more addresses, separated by commas",
    "column": 17,
    "length": 15,
    "excerpt": "x@example.test  not an address@@",
}


def test_a_refusal_shows_place_excerpt_and_cure(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal exits with 1 and shows each problem with carets below the fault."""
    daemon.answers["verify"] = {"error": {"type": "Refused", "message": "", "problems": [PROBLEM]}}
    assert mailctl("verify") == 1
    assert capsys.readouterr().err == (
        "✗ refused: nothing was changed\n"
        '  config/postfix-virtual.cf:14: alias target "not an address@@" is not an address\n'
        "    14 | x@example.test  not an address@@\n"
        "       |                 ^^^^^^^^^^^^^^^\n"
        "    write one or more addresses, separated by commas\n"
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [("Refused", 1), ("UsageError", 2), ("NotFound", 1), ("Conflict", 1), ("Unavailable", 1), ("Corrupt", 1)],
)
def test_expected_errors_have_their_status(mailctl: Run, daemon: Peer, kind: str, status: int) -> None:
    """Every error of the tree crosses the socket as itself."""
    error = ErrorAnswer(kind, "told")
    daemon.answers["status"] = {"error": error.as_dict()}
    assert type(error_of(error)).__name__ == kind
    assert mailctl("status") == status


def test_a_bug_names_a_log(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug exits with 3 and leaves a traceback to attach."""
    daemon.answers["status"] = {"error": {"type": "Bug", "message": "KeyError: 'x'"}}
    assert mailctl("status") == 3
    log = re.search(r"report it with (\S+)", capsys.readouterr().err)
    assert log is not None
    path = Path(log[1])
    assert "KeyError" in path.read_text()
    path.unlink()


def test_an_interruption_is_130(mailctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with the shell's status for it."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("controlplane.cli.mailctl.verify.call", interrupted)
    assert mailctl("verify") == 130


def test_what_is_said_goes_to_stderr_before_the_result(
    daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Talk is streamed to stderr, the result is returned."""
    daemon.answers["verify"] = [{"say": "replaying"}, {"result": {"ok": True}}]
    assert call("verify") == {"ok": True}
    assert capsys.readouterr() == ("", "replaying\n")


def test_a_connection_that_ends_early_is_unavailable(daemon: Peer) -> None:
    """A daemon that dies in the middle is reported as such, never as success."""
    daemon.answers["verify"] = []
    with pytest.raises(Unavailable, match="ended before"):
        call("verify")


def test_without_a_server_the_cure_is_told(
    mailctl: Run, no_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Far from any server the commands say what works there."""
    assert mailctl("status") == 1
    assert "work in a clone" in capsys.readouterr().err


def test_a_refusal_without_problems_still_tells() -> None:
    """An error's message is never lost."""
    error = error_of(ErrorAnswer("Refused", "no"))
    assert isinstance(error, Refused)
    assert error.problems[0].message == "no"


def test_no_command_imports_what_is_heavy() -> None:
    """A help text that lists commands loads them all: what takes longer is imported when it is needed."""
    code = (
        "import sys\n"
        "from controlplane.cli import mailctl, setup\n"
        "from controlplane.cli.reference import walk\n"
        "commands = [*walk(setup.program, ['setup']), *walk(mailctl.program, ['mailctl'])]\n"
        "assert len(commands) > 40\n"
        "heavy = {'pydantic', 'pygit2', 'jinja2', 'sqlite3', 'sqlite_utils', 'cryptography'}\n"
        "heavy |= {'controlplane.protocol', 'controlplane.statefiles', 'typing_extensions'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_server_that_starts_is_waited_for(
    mailctl: Run,
    no_server: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Before the supervisor runs, the first process tells a server's container from a one-off one."""
    first = tmp_path / "cmdline"
    first.write_bytes(b"/sbin/docker-init\0--\0/usr/local/bin/mailserver-start\0")
    monkeypatch.setattr("controlplane.cli.ask.client.FIRST_PROCESS", str(first))
    monkeypatch.setattr("controlplane.cli.ask.client.STARTING", 0.1)
    assert mailctl("log") == 1
    assert "the control plane does not answer" in capsys.readouterr().err
