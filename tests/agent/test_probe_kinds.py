"""Each kind of probe knows a service that serves."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from agent.health.ports import listening_ports
from agent.health.probes import ask
from wire.manifest import Probe


def serve_once(path: Path, script: bytes) -> None:
    """Answer one connection on a UNIX socket with these bytes."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(1)

    def answer() -> None:
        connection, _ = sock.accept()
        with connection, sock:
            connection.sendall(script)
            while connection.recv(4096):
                pass

    threading.Thread(target=answer, daemon=True).start()


@pytest.mark.parametrize(
    ("kind", "script", "ok"),
    [
        ("lmtp", b"220 hi\r\n250-A\r\n250 B\r\n221 bye\r\n", True),
        ("lmtp", b"421 go away\r\n", False),
        ("imap", b"* OK hi\r\n* CAPABILITY X\r\nb OK\r\n* BYE\r\nc OK\r\n", True),
        ("imap", b"* BYE no\r\n", False),
        ("redis", b"+PONG\r\n", True),
        ("redis", b"-LOADING\r\n", False),
        ("policy", b"action=DUNNO\n\n", True),
        ("policy", b"\n", False),
        ("http", b"HTTP/1.1 200 OK\r\n\r\n", True),
        ("http", b"HTTP/1.1 503 no\r\n\r\n", False),
        ("smtp", b"220 hi\r\n250 ok\r\n221 bye\r\n", True),
    ],
)
def test_probe(tmp_path: Path, kind: str, script: bytes, ok: bool) -> None:
    """Each kind of probe knows a service that serves from one that does not."""
    serve_once(tmp_path / "sock", script)
    answer = ask(Probe("p", kind, path="/sock"), tmp_path, 5.0)
    assert answer.ok is ok
    assert bool(answer.detail) is not ok


def test_probe_of_silence_ends(tmp_path: Path) -> None:
    """A service that accepts and says nothing is silent, in bounded time."""
    serve_once(tmp_path / "sock", b"")
    answer = ask(Probe("p", "smtp", path="/sock"), tmp_path, 0.2)
    assert (answer.ok, "no answer" in answer.detail) == (False, True)


def test_ports_that_somebody_listens_on(tmp_path: Path) -> None:
    """Sockets in another state do not count."""
    head = "  sl  local_address rem_address   st\n"
    listens = "   0: 0100007F:2C44 00000000:0000 0A\n"
    talks = "   1: 0100007F:2C45 0100007F:9999 01\n"
    (tmp_path / "tcp").write_text(head + listens + talks)
    assert listening_ports(tmp_path) == {11332}


def test_a_port_that_is_listened_on_is_seen_without_a_connection(tmp_path: Path) -> None:
    """As the kernel tells it, so that nobody logs who came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        probe = Probe("p", "listening", server.getsockname()[1])
        assert ask(probe, tmp_path).ok
        with pytest.raises(BlockingIOError):
            server.accept()
    assert ask(probe, tmp_path).detail == "nothing listens"
