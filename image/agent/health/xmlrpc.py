"""Calls by XML-RPC over a UNIX socket, as supervisord takes them (supervisor's `api` chapter)."""

from __future__ import annotations

import socket
import time
import xmlrpc.client
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from agent.errors import Unavailable

LARGEST_ANSWER = 4 * 1024 * 1024


def call(path: Path, method: str, *arguments: str | bool, seconds: float) -> Any:
    """The result of one call.

    Raises xmlrpc.client.Fault for the other side's own error, and Unavailable where no answer came within
    `seconds`, or none that can be read.
    """
    body = xmlrpc.client.dumps(arguments, method).encode()
    until = time.monotonic() + seconds
    try:
        with socket.socket(socket.AF_UNIX) as sock, closing(HTTPConnection("localhost")) as connection:
            sock.settimeout(seconds)
            sock.connect(str(path))
            connection.sock = sock
            connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
            response = connection.getresponse()
            answer = _read(response, sock, until)
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{path} does not answer: {error}") from error
    if response.status != 200:
        raise Unavailable(f"{path} answered {response.status} {response.reason}")
    try:
        (value,), _ = xmlrpc.client.loads(answer)
    except xmlrpc.client.Fault:
        raise
    except (xmlrpc.client.Error, ExpatError, LookupError, TypeError, ValueError) as error:
        raise Unavailable(f"{path} gave an answer that is no XML-RPC: {error}") from error
    return value


def _read(response: HTTPResponse, sock: socket.socket, until: float) -> bytes:
    """The whole answer. Raises OSError where it is too long, or not here by `until` (monotonic clock)."""
    chunks, size = [], 0
    while chunk := response.read1(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise OSError("its answer is too long")
        sock.settimeout(max(0.001, until - time.monotonic()))
    return b"".join(chunks)
