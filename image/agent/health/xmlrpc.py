"""Calls by XML-RPC over a UNIX socket, as supervisord takes them (supervisor's `api` chapter).

`xmlrpc.client` would bring HTTP, mail headers and TLS along: a tenth of what the agent takes while nothing
happens.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from agent.errors import Unavailable

LARGEST_ANSWER = 4 * 1024 * 1024


class Fault(Exception):
    """The other side's own error (http://xmlrpc.com/spec.md, fault)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code, self.message = code, message


def call(path: Path, method: str, *arguments: str | bool, seconds: float) -> Any:
    """The result of one call.

    Raises Fault, and Unavailable where no answer came within `seconds`, or none that can be read.
    """
    until = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(seconds)
            sock.connect(str(path))
            sock.sendall(_request(method, arguments))
            answer = _read(sock, until)
    except OSError as error:
        raise Unavailable(f"{path} does not answer: {error}") from error
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise Unavailable(f"{path} answered {status[:100]!r}")
    try:
        values = _Values(body)
        (value,) = values.found
        if values.is_fault:
            raise Fault(int(value["faultCode"]), str(value["faultString"]))
    except (expat.ExpatError, LookupError, TypeError, ValueError) as error:
        raise Unavailable(f"{path} gave an answer that is no XML-RPC: {error}") from error
    return value


def _request(method: str, arguments: tuple[str | bool, ...]) -> bytes:
    """In HTTP/1.0, after whose answer the connection is closed (RFC 1945, section 7.2.2)."""
    values = "".join(f"<param><value>{_written(each)}</value></param>" for each in arguments)
    body = f"<methodCall><methodName>{method}</methodName><params>{values}</params></methodCall>".encode()
    head = f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _written(value: str | bool) -> str:
    if isinstance(value, bool):
        return f"<boolean>{value:d}</boolean>"
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<string>{escaped}</string>"


def _read(sock: socket.socket, until: float) -> bytes:
    """The whole answer. Raises OSError where it is too long, or not here by `until` (monotonic clock)."""
    chunks, size = [], 0
    while chunk := sock.recv(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OSError("its answer is too long")
        sock.settimeout(max(0.001, until - time.monotonic()))
    return b"".join(chunks)


_SIMPLE: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "i4": int,
    "boolean": {"0": False, "1": True}.__getitem__,
    "string": str,
    "name": str,
}
"""What the text of an element stands for; a member's name is read as a value that stands before its own."""


class _Values:
    """The values of an answer. Raises ExpatError, LookupError and ValueError for what is none."""

    def __init__(self, body: bytes) -> None:
        self.is_fault = False
        self._open: list[list[Any]] = [[]]
        """What was read of the answer, and of each array and struct that has not ended."""
        self._text, self._untyped = "", False
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._add
        parser.Parse(body, True)  # the end of it; expat takes no keywords

    @property
    def found(self) -> list[Any]:
        """The values themselves: one, in a good answer."""
        return self._open[0]

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._text, self._untyped = "", tag == "value"
        if tag in ("array", "struct"):
            self._open.append([])
        self.is_fault |= tag == "fault"

    def _add(self, text: str) -> None:
        self._text += text

    def _end(self, tag: str) -> None:
        if tag in _SIMPLE:
            self._open[-1].append(_SIMPLE[tag](self._text))
        elif tag == "value" and self._untyped:
            self._open[-1].append(self._text)
        elif tag == "array":
            values = self._open.pop()
            self._open[-1].append(values)
        elif tag == "struct":
            members = self._open.pop()
            self._open[-1].append(dict(zip(members[::2], members[1::2], strict=True)))
        self._untyped = False
