"""The one client: commands, hooks, daemon and agent ask each other with it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from wire.errors import ErrorAnswer
from wire.lines import Request, Result, encode


class NoAnswer(ConnectionError):
    """The connection ended before the answer, or what came is none."""


def connect(path: str) -> socket.socket:
    """A connection to a UNIX socket. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def converse(
    connection: socket.socket,
    request: Request,
    seconds: float,
    say: Callable[[str], object] = lambda _: None,
    read: Callable[[bytes], object] = json.loads,
) -> Result:
    """Send a request and return its result; `say` gets each line of talk as it comes.

    `seconds` is the time for each line, `read` parses one (ValueError: it is not JSON). Raises ErrorAnswer
    where an error is the answer, OSError where none comes: TimeoutError when it takes too long, NoAnswer when
    the peer ends.
    """
    connection.settimeout(seconds)
    connection.sendall(encode(request))
    with connection.makefile("rb") as lines:
        for line in lines:
            answer = _parse(line, read)
            if "say" in answer:
                say(str(answer["say"]))
            elif "error" in answer:
                raise ErrorAnswer.read(answer["error"])
            elif isinstance(answer.get("result"), dict):
                result: Result = answer["result"]
                return result
            else:
                raise NoAnswer("the answer has no result")
    raise NoAnswer("the connection ended before the answer")


def ask(path: str, request: Request, seconds: float, say: Callable[[str], object] = lambda _: None) -> Result:
    """Connect and `converse`."""
    with connect(path) as connection:
        return converse(connection, request, seconds, say)


def _parse(line: bytes, read: Callable[[bytes], object]) -> dict[str, Any]:
    try:
        answer = read(line)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NoAnswer("the answer is not a JSON object")
    return answer
