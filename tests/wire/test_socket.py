"""One client and one server: what crosses a socket, and what hostile peers can do."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.client import NoAnswer, ask
from wire.errors import ErrorAnswer
from wire.lines import NoRequest, Request, Result, Say
from wire.server import Limits, Server

LIMITS = Limits(most=1 << 16, seconds=0.5)


class Known(Exception):
    """An error that the server's program expects."""


def handle(request: Request, say: Say) -> Result:
    """Answer a few operations."""
    if request["op"] == "echo":
        return {"words": request["words"]}
    if request["op"] == "talk":
        for word in request["words"]:
            say(word)
        return {}
    raise {"known": Known("no"), "foreign": KeyError("x")}[request["op"]]


def explain(error: Exception, op: str) -> ErrorAnswer:
    """Name the errors of these tests."""
    if isinstance(error, NoRequest):
        return ErrorAnswer("UsageError", str(error))
    return ErrorAnswer("Refused" if isinstance(error, Known) else "Bug", f"{op}: {error}", [{"path": "x"}])


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A server's socket."""
    server = Server(tmp_path / "s.sock", handle, explain, LIMITS)
    server.bind()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield tmp_path / "s.sock"
    server.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert not (tmp_path / "s.sock").exists()


def raw(path: Path, sent: bytes, end: bool = True) -> Any:
    """The answer to some bytes; None where there is none."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(sent)
        if end:
            connection.shutdown(socket.SHUT_WR)
        line = connection.makefile("rb").readline()
        return json.loads(line) if line else None


def test_a_result_and_what_is_said_before_it(path: Path) -> None:
    """Words of any language, and bytes that are none."""
    words = ["naïve", "✗", "\udc80", "a\nb"]
    assert ask(str(path), {"op": "echo", "words": words}, 10) == {"words": words}
    said: list[str] = []
    assert ask(str(path), {"op": "talk", "words": words}, 10, said.append) == {}
    assert said == words


def test_errors_keep_their_kind(path: Path) -> None:
    """With text and problems; they do not end the server."""
    for op, name in (("known", "Refused"), ("foreign", "Bug")):
        with pytest.raises(ErrorAnswer) as caught:
            ask(str(path), {"op": op}, 10)
        assert (caught.value.name, caught.value.problems) == (name, [{"path": "x"}])
        assert caught.value.message.startswith(f"{op}: ")
    assert ask(str(path), {"op": "talk", "words": []}, 10) == {}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "ended within a line"),
        (b'{"op": "echo"', "ended within a line"),
        (b"x" * (LIMITS.most + 1), "too long"),
        (b"nonsense\n", "JSON object"),
        (b"[]\n", "JSON object"),
        (b'{"op": 1}\n', "JSON object"),
        (b'{"words": []}\n', "JSON object"),
        (b'{"op": "\xff"}\n', "JSON object"),
        (b'{"op": ' + b"[" * 50_000 + b"\n", "JSON object|too deeply"),
    ],
)
def test_what_is_no_request_is_told(path: Path, sent: bytes, told: str) -> None:
    """And the next one is answered."""
    error = raw(path, sent)["error"]
    assert error["type"] == "UsageError"
    assert any(part in error["message"] for part in told.split("|"))
    assert ask(str(path), {"op": "talk", "words": []}, 10) == {}


def test_who_stalls_is_told(path: Path) -> None:
    """Within the time for a step."""
    assert "in time" in raw(path, b'{"op": ', end=False)["error"]["message"]


def test_others_are_not_answered(tmp_path: Path) -> None:
    """Only the users that may ask, even where the socket's mode would let more in."""
    server = Server(tmp_path / "s.sock", handle, explain, Limits(100, 1.0, frozenset({os.geteuid() + 1})))
    server.bind(os.getegid())
    threading.Thread(target=server.serve, daemon=True).start()
    with pytest.raises(OSError, match=r"ended|reset|Broken"):
        ask(str(tmp_path / "s.sock"), {"op": "talk", "words": []}, 10)
    server.stop()


def test_only_owner_and_group_may_open_it(path: Path) -> None:
    """The socket is closed to everybody else."""
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_left_socket_is_replaced(tmp_path: Path) -> None:
    """A killed process leaves its file, which nobody listens on."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s.sock"))
    server = Server(tmp_path / "s.sock", handle, explain, LIMITS)
    server.bind()
    threading.Thread(target=server.serve, daemon=True).start()
    assert ask(str(tmp_path / "s.sock"), {"op": "talk", "words": []}, 10) == {}
    server.stop()


def test_the_path_is_gone_before_serving_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may end once nothing is served any more, and with it the thread that stops the server."""
    order, ended = list[str](), threading.Event()
    server = Server(tmp_path / "s.sock", handle, explain, LIMITS)
    server.bind()

    def serve() -> None:
        server.serve()
        order.append("ended")
        ended.set()

    def unlink(path: Path, missing_ok: bool = False) -> None:
        ended.wait(0.3)
        order.append("gone")
        os.remove(path)  # noqa: PTH107  # Path.unlink is what is slow here

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with monkeypatch.context() as slow:
        slow.setattr(Path, "unlink", unlink)
        server.stop()
    thread.join(10)
    assert order == ["gone", "ended"]


def answered(tmp_path: Path, answer: bytes) -> Result:
    """What the client makes of a server's bytes."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.sock"))
        listener.listen(1)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            return ask(str(tmp_path / "s.sock"), {"op": "x"}, 10)
        finally:
            thread.join(10)
            (tmp_path / "s.sock").unlink()


@pytest.mark.parametrize(
    "answer", [b"", b'{"say": "x"}\n', b"nonsense\n", b"[]\n", b"{}\n", b'{"result": 1}\n', b'{"result"']
)
def test_what_is_no_answer_is_told(tmp_path: Path, answer: bytes) -> None:
    """A server that dies in the middle is never taken for success."""
    with pytest.raises(NoAnswer):
        answered(tmp_path, answer)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    VALUES
    | st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "message", "problems", "said"), VALUES))
)
def test_any_error_can_be_read(given_error: Any) -> None:
    """And read again as it is sent on."""
    error = ErrorAnswer.read(given_error)
    assert ErrorAnswer.read(error.as_dict()).as_dict() == error.as_dict()


def test_nobody_there(tmp_path: Path) -> None:
    """An OSError, as for every answer that does not come."""
    with pytest.raises(FileNotFoundError):
        ask(str(tmp_path / "none.sock"), {"op": "x"}, 1)
