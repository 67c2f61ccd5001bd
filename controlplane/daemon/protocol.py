"""One connection, one request: a line of JSON in, any number of lines out, the last one with the result.

docs/reference/control-protocol.md lists the operations.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from controlplane.errors import MailserverError, Refused, Unavailable, UsageError
from controlplane.plain_text import cut

MOST = 128 << 20
"""Bytes of a request: a tree of `main` with 100,000 accounts, and room."""
REQUEST_SECONDS = 30.0
"""Seconds that a client gets for a step of its request."""

Say = Callable[[str], None]
Request = dict[str, Any]
Result = dict[str, Any]


def peer_uid(connection: socket.socket) -> int:
    """The user behind a UNIX socket (unix(7), SO_PEERCRED)."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def read_line(connection: socket.socket) -> bytes:
    """One line without its end; raises Unavailable where the peer ends, stalls or says too much."""
    parts: list[bytes] = []
    length = 0
    while True:
        try:
            part = connection.recv(1 << 16)
        except TimeoutError:
            raise Unavailable("no whole line came in time") from None
        length += len(part)
        parts.append(part)
        if part.endswith(b"\n"):
            return b"".join(parts)[:-1]
        if not part or length > MOST:
            raise Unavailable("the connection ended within a line" if not part else "the line is too long")


def read_request(connection: socket.socket) -> Request:
    """The request of a connection; raises UsageError for what is none."""
    line = read_line(connection)
    try:
        request = json.loads(line)
    except ValueError:
        request = None
    if not isinstance(request, dict) or not isinstance(request.get("op"), str):
        raise UsageError.because('a request is a JSON object with "op"', "see the control protocol")
    return request


def send(connection: socket.socket, answer: dict[str, Any]) -> None:
    """Send one line of an answer."""
    # What UTF-8 cannot take becomes the escape that JSON has for it: `\udc80`.
    connection.sendall(json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")


def error_answer(error: Exception, said: bool = False) -> dict[str, Any]:
    """An exception as an answer; whatever is not ours is a bug, whose text stays in the daemon's log."""
    kind = type(error).__name__ if isinstance(error, MailserverError) else "Bug"
    message = str(error) if kind != "Bug" else "a bug in the control plane; its log has the details"
    problems = [_cut(problem.as_dict()) for problem in error.problems] if isinstance(error, Refused) else []
    return {"error": {"type": kind, "message": cut(message), "problems": problems, "said": said}}


def _cut(problem: dict[str, Any]) -> dict[str, Any]:
    """A problem whose names and lines are no longer than anybody reads."""
    return {name: cut(value) if isinstance(value, str) else value for name, value in problem.items()}


def ask(path: str, request: Request, seconds: float) -> Result:
    """Carry out a request of our own at another daemon; raises Unavailable, or Refused as it says."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(seconds)
            connection.connect(path)
            send(connection, request)
            with connection.makefile("rb") as lines:
                for line in lines:
                    answer = json.loads(line)
                    if "error" in answer:
                        raise Unavailable(f"the agent says: {answer['error'].get('message', '')}")
                    if "result" in answer:
                        result: Result = answer["result"]
                        return result
    except (OSError, ValueError) as error:
        raise Unavailable(f"the agent does not answer on {path}: {error}") from error
    raise Unavailable("the agent ended the connection before its answer")
