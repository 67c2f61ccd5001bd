"""Calls by XML-RPC over a UNIX socket (xmlrpc.com/spec, the types that supervisord uses).

The library's client brings HTTP, mail headers and compression with it, an eighth of what this process holds.
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
SCALARS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "int": int,
    "i4": int,
    "boolean": lambda text: text.strip() == "1",
}


class Fault(Exception):
    """The other side's own error, with its number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def call(path: Path, method: str, *arguments: str | bool, seconds: float) -> Any:
    """The result of one call. Raises Fault, and Unavailable where no answer can be had within `seconds`."""
    body = _request(method, arguments)
    head = f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    until = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(seconds)
            sock.connect(str(path))
            sock.sendall(head.encode() + body)
            answer = _read(sock, until)
    except OSError as error:
        raise Unavailable(f"{path} does not answer: {error}") from error
    status, _, rest = answer.partition(b"\r\n")
    if status.split()[1:2] != [b"200"]:
        raise Unavailable(f"{path} answered {status.decode('utf-8', 'replace')!r}")
    return _result(rest.partition(b"\r\n\r\n")[2], path)


def _request(method: str, arguments: tuple[str | bool, ...]) -> bytes:
    rows = []
    for argument in arguments:
        kind, text = ("boolean", str(int(argument))) if isinstance(argument, bool) else ("string", argument)
        rows.append(f"<param><value><{kind}>{_escape(text)}</{kind}></value></param>")
    name = f"<methodName>{_escape(method)}</methodName>"
    params = f"<params>{''.join(rows)}</params>"
    return f"<?xml version='1.0'?><methodCall>{name}{params}</methodCall>".encode()


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(sock: socket.socket, until: float) -> bytes:
    """Everything until the other side closes, which ends an answer of HTTP/1.0."""
    chunks, size = [], 0
    while chunk := sock.recv(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OSError("its answer is too long")
        sock.settimeout(max(0.001, until - time.monotonic()))
    return b"".join(chunks)


def _result(body: bytes, path: Path) -> Any:
    reader = _Reader()
    try:
        reader.read(body)
        (value,) = reader.values
        fault = Fault(int(value["faultCode"]), str(value["faultString"])) if reader.faulty else None
    except (expat.ExpatError, ValueError, KeyError, IndexError, TypeError) as error:
        raise Unavailable(f"{path} gave an answer that is no XML-RPC: {error}") from error
    if fault:
        raise fault
    return value


class _Reader:
    """Builds values from the inside out: what a container holds stands on a stack above its mark."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.faulty = False
        self._marks: list[int] = []
        self._text: list[str] = []
        self._typed = False

    def read(self, body: bytes) -> None:
        """Take in a whole document. Raises ExpatError, ValueError, KeyError, IndexError."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._open
        parser.CharacterDataHandler = self._text.append
        parser.EndElementHandler = self._close
        parser.Parse(body, True)

    def _open(self, name: str, _attributes: object) -> None:
        self._text.clear()
        if name in ("array", "struct"):
            self._marks.append(len(self.values))
        elif name == "value":
            self._typed = False

    def _close(self, name: str) -> None:
        if name in SCALARS or (name == "value" and not self._typed):
            # a value without a type is a string
            self.values.append(SCALARS.get(name, str)("".join(self._text)))
            self._typed = True
        elif name == "name":
            self.values.append("".join(self._text))
        elif name in ("array", "struct"):
            mark = self._marks.pop()
            inside = self.values[mark:]
            del self.values[mark:]
            pairs = zip(inside[::2], inside[1::2], strict=True) if name == "struct" else ()
            self.values.append(dict(pairs) if name == "struct" else inside)
            self._typed = True
        elif name == "fault":
            self.faulty = True
        elif name not in STRUCTURE:
            raise ValueError(f"{name} is not expected")
        self._text.clear()


STRUCTURE = frozenset(["methodResponse", "params", "param", "value", "data", "member"])
