"""Our calls by XML-RPC mean what the library's do."""

from __future__ import annotations

import socket
import threading
import xmlrpc.client
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Unavailable
from agent.health.xmlrpc import Fault, call

SECONDS = 20.0
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.integers(-(2**31), 2**31 - 1) | st.booleans(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=20,
)


def answering(folder: Path, answer: bytes) -> tuple[Path, list[bytes]]:
    """A socket that answers one call so; the request goes into the list."""
    path, asked = folder / "sock", []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
        with connection:
            received = b""
            while b"</methodCall>" not in received:
                received += connection.recv(65536)
            asked.append(received)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return path, asked


def ok(body: str) -> bytes:
    """An answer of HTTP that holds this."""
    return b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n" + body.encode()


@given(VALUES)
def test_what_the_library_writes_is_read(value: Any) -> None:
    """Every kind of value that supervisord answers with, however nested."""
    body = xmlrpc.client.dumps((value,), methodresponse=True)
    with TemporaryDirectory() as folder:
        path, _ = answering(Path(folder), ok(body))
        assert call(path, "m", seconds=SECONDS) == value


@given(TEXT, st.booleans())
def test_what_is_written_the_library_reads(text: str, flag: bool) -> None:
    """Method and arguments, with every sign in them, and their number of bytes."""
    with TemporaryDirectory() as folder:
        path, asked = answering(Path(folder), ok(xmlrpc.client.dumps((True,), methodresponse=True)))
        call(path, "supervisor.startProcess", text, flag, seconds=SECONDS)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert xmlrpc.client.loads(body) == ((text, flag), "supervisor.startProcess")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_fault_has_its_number(tmp_path: Path) -> None:
    """Callers tell by it what they can live with."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(70, "NOT_RUNNING: x & y"), methodresponse=True)
    path, _ = answering(tmp_path, ok(body))
    with pytest.raises(Fault) as caught:
        call(path, "m", seconds=SECONDS)
    assert (caught.value.code, caught.value.text) == (70, "NOT_RUNNING: x & y")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 401 Unauthorized\r\n\r\n",
        ok(""),
        ok("<methodResponse>"),
        ok("<methodResponse></methodResponse>"),
        ok(
            "<methodResponse><params><param><value><double>1</double></value></param></params></methodResponse>"
        ),
        ok("<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>"),
        ok("<methodResponse><fault><value><struct></struct></value></fault></methodResponse>"),
    ],
)
def test_an_answer_that_cannot_be_used_is_none(tmp_path: Path, answer: bytes) -> None:
    """It counts as if supervisord did not answer."""
    path, _ = answering(tmp_path, answer)
    with pytest.raises(Unavailable):
        call(path, "m", seconds=SECONDS)


def test_nobody_answers(tmp_path: Path) -> None:
    """No socket, and one that takes the call and says nothing."""
    with pytest.raises(Unavailable):
        call(tmp_path / "none", "m", seconds=SECONDS)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute"))
        listener.listen()
        with pytest.raises(Unavailable):
            call(tmp_path / "mute", "m", seconds=0.1)
