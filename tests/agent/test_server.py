"""The agent's socket, and the order in which requests and failures come out of it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.daemon_client import DaemonClient
from agent.errors import AgentError, Corrupt, Failed, NotFound, Refused, Unavailable
from agent.reports.server import explain, make_server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A socket that answers a few operations."""

    def fail(request: Mapping[str, Any]) -> dict[str, Any]:
        kinds: dict[str, Exception] = {"refused": Refused("no"), "bug": RuntimeError("oops")}
        raise kinds[request["how"]]

    table = {"echo": lambda request: {"said": request["word"]}, "fail": fail}
    server = make_server(tmp_path / "run" / "agent.sock", table)
    server.bind()
    threading.Thread(target=server.serve, daemon=True).start()
    return tmp_path / "run" / "agent.sock"


def ask(path: Path, line: bytes) -> dict[str, Any]:
    """One raw request."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(60)
        sock.connect(str(path))
        sock.sendall(line + b"\n")
        answer: dict[str, Any] = json.loads(sock.makefile().readline())
        return answer


def test_answer(path: Path) -> None:
    """A request gets its result, also through the agent's own client."""
    assert ask(path, b'{"op": "echo", "word": "x"}') == {"result": {"said": "x"}}
    assert DaemonClient(path, "mail").ask("echo", word="y") == {"said": "y"}


@pytest.mark.parametrize("line", [b"", b"nonsense", b"[]", b'{"op": "exec"}', b'{"word": 1}'])
def test_what_is_no_request(path: Path, line: bytes) -> None:
    """What is not one of the operations is refused."""
    assert ask(path, line)["error"]["type"] == "Refused"


def test_errors_keep_their_kind(path: Path) -> None:
    """Expected errors are told apart from bugs, and neither ends the server."""
    assert ask(path, b'{"op": "fail", "how": "refused"}')["error"]["type"] == "Refused"
    assert ask(path, b'{"op": "fail", "how": "bug"}')["error"]["type"] == "Bug"
    with pytest.raises(AgentError, match="no"):
        DaemonClient(path, "mail").ask("fail", how="refused")
    assert ask(path, b'{"op": "echo", "word": "x"}')["result"] == {"said": "x"}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Refused("no"), "Refused"),
        (NotFound("no"), "NotFound"),
        (Corrupt("no"), "Corrupt"),
        (Unavailable("no"), "Unavailable"),
        (Failed("postfix", "no"), "Refused"),
        (TimeoutError("no"), "Unavailable"),
        (OSError("no"), "Unavailable"),
        (KeyError("no"), "Bug"),
    ],
)
def test_every_error_has_a_name(error: Exception, name: str) -> None:
    """On the wire, with its words."""
    answer = explain(error, "x")
    assert answer.name == name
    assert "no" in answer.message


def test_only_its_group_may_ask(path: Path) -> None:
    """The socket is closed to everybody else."""
    assert path.stat().st_mode & 0o777 == 0o660


def test_nobody_there(tmp_path: Path) -> None:
    """A daemon that is not there is unavailable."""
    with pytest.raises(Unavailable):
        DaemonClient(tmp_path / "none.sock", "mail").ask("agent.hello")
