"""A peer that stands in for the daemon (or the agent) on a socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest

from controlplane.cli.mailctl import program as mailctl_program
from controlplane.cli.run import run
from controlplane.cli.setup import program as setup_program

Answer = dict[str, Any] | list[dict[str, Any]]


class Peer:
    """Answers each request with what was prepared for its op, and keeps the requests."""

    def __init__(self, path: Path) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def asked(self, op: str) -> dict[str, Any]:
        """The only request for `op`, without who asked."""
        found = [request for request in self.requests if request["op"] == op]
        assert len(found) == 1, found
        return {k: v for k, v in found[0].items() if k not in ("op", "actor", "source")}

    def close(self) -> None:
        """Stop listening and end the thread."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), connection, connection.makefile("rwb") as stream:
                request = json.loads(stream.readline())
                self.requests.append(request)
                answer = self.answers.get(request["op"], {"result": {}})
                for line in answer if isinstance(answer, list) else [answer]:
                    stream.write(json.dumps(line).encode() + b"\n")
                    stream.flush()


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A daemon that the commands of this test talk to."""
    peer = Peer(tmp_path / "control.sock")
    monkeypatch.setenv("MAILCTL_SOCKET", str(tmp_path / "control.sock"))
    yield peer
    peer.close()


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """An agent that the commands of this test talk to."""
    peer = Peer(tmp_path / "agent.sock")
    monkeypatch.setenv("MAIL_AGENT_SOCKET", str(tmp_path / "agent.sock"))
    yield peer
    peer.close()


@pytest.fixture
def no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, and this is not the image."""
    monkeypatch.setenv("MAILCTL_SOCKET", str(tmp_path / "nobody.sock"))
    monkeypatch.setattr("controlplane.cli.ask.client.STATE", str(tmp_path / "no-state"))
    monkeypatch.setattr("controlplane.cli.ask.client.SUPERVISOR_SOCKET", str(tmp_path / "no-supervisor"))
    monkeypatch.setattr("controlplane.cli.ask.client.FIRST_PROCESS", str(tmp_path / "no-process"))


@pytest.fixture
def no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No agent listens, and this is no server's container."""
    monkeypatch.setenv("MAIL_AGENT_SOCKET", str(tmp_path / "no-agent.sock"))
    monkeypatch.setattr("controlplane.cli.ask.client.SUPERVISOR_SOCKET", str(tmp_path / "no-supervisor"))
    monkeypatch.setattr("controlplane.cli.ask.client.FIRST_PROCESS", str(tmp_path / "no-process"))


@pytest.fixture
def setup() -> Callable[..., int]:
    """`setup` with arguments, giving its exit status."""
    return _runner(setup_program, "setup")


@pytest.fixture
def mailctl() -> Callable[..., int]:
    """`mailctl` with arguments, giving its exit status."""
    return _runner(mailctl_program, "mailctl")


def _runner(program: click.Command, name: str) -> Callable[..., int]:
    return lambda *arguments: run(program, name, arguments)
