"""Calls by XML-RPC over a UNIX socket: what is asked, what is answered, what is no answer."""

from __future__ import annotations

import socket
import threading
import xmlrpc.client
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import Unavailable
from agent.health.xmlrpc import LARGEST_ANSWER, Fault, call

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
def test_every_value_is_read(value: Any) -> None:
    """Every kind of value that supervisord answers with, however nested."""
    body = xmlrpc.client.dumps((value,), methodresponse=True)
    with TemporaryDirectory() as folder:
        path, _ = answering(Path(folder), ok(body))
        assert call(path, "m", seconds=SECONDS) == value


@given(TEXT, st.booleans())
def test_method_and_arguments_are_written(text: str, flag: bool) -> None:
    """Method and arguments, with every sign in them, and their number of bytes."""
    with TemporaryDirectory() as folder:
        path, asked = answering(Path(folder), ok(xmlrpc.client.dumps((True,), methodresponse=True)))
        call(path, "supervisor.startProcess", text, flag, seconds=SECONDS)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert xmlrpc.client.loads(body) == ((text, flag), "supervisor.startProcess")
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_fault_has_its_number(tmp_path: Path) -> None:
    """Callers decide by the code which faults they accept."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(70, "NOT_RUNNING: x & y"), methodresponse=True)
    path, _ = answering(tmp_path, ok(body))
    with pytest.raises(Fault) as caught:
        call(path, "m", seconds=SECONDS)
    assert (caught.value.code, caught.value.message) == (70, "NOT_RUNNING: x & y")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 401 Unauthorized\r\n\r\n",
        ok(""),
        ok("<methodResponse>"),
        ok("<methodResponse></methodResponse>"),
        ok("<methodResponse><params></params></methodResponse>"),
        ok("<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>"),
        ok("<methodResponse><fault><value><struct></struct></value></fault></methodResponse>"),
        ok("<methodResponse><fault><value><string>x</string></value></fault></methodResponse>"),
        b"HTTP/1.0 200 OK\r\n" + b"x" * 70_000,
        b"HTTP/1.0 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<methodResponse>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ok("<methodResponse><params><param><value>" + "x" * LARGEST_ANSWER + "</value></param></params>"),
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


def test_an_answer_that_trickles_is_not_waited_for(tmp_path: Path) -> None:
    """The deadline is for the whole answer, not for each of its bytes."""
    path, gone = tmp_path / "sock", threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n<methodResponse>")
                while not gone.wait(0.02):
                    connection.sendall(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(Unavailable):
            call(path, "m", seconds=0.2)
        gone.set()
        thread.join(SECONDS)
