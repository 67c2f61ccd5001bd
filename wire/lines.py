"""One connection, one request: a line of JSON in, any number of lines out, the last one with the result."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

Request = dict[str, Any]
Result = dict[str, Any]
Say = Callable[[str], None]
"""Sends a line of talk ahead of the result."""


class NoRequest(ValueError):
    """What came over a connection is no request."""


def encode(value: object) -> bytes:
    """A line of JSON. What UTF-8 cannot take is escaped as JSON has it (`\\udc80`)."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def read_request(connection: socket.socket, most: int) -> Request:
    """The request of a connection, at most `most` bytes. Raises NoRequest; OSError where the peer is gone."""
    try:
        request = json.loads(_read_line(connection, most))
    except TimeoutError:
        raise NoRequest("no whole line came in time") from None
    except RecursionError:
        raise NoRequest("the request is nested too deeply") from None
    except NoRequest:
        raise
    except ValueError:
        request = None
    if not isinstance(request, dict) or not isinstance(request.get("op"), str):
        raise NoRequest('a request is a JSON object with "op"')
    return request


def _read_line(connection: socket.socket, most: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        part = connection.recv(1 << 16)
        length += len(part)
        parts.append(part)
        if part.endswith(b"\n"):
            return b"".join(parts)[:-1]
        if not part:
            raise NoRequest("the connection ended within a line")
        if length > most:
            raise NoRequest("the line is too long")
