"""The control socket: who may ask, how much, and in which words errors are answered."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlplane.answers import to_answer
from controlplane.daemon.log import bind, log
from controlplane.errors import Bug, MailserverError, Unavailable, UsageError
from controlplane.plain_text import cut, sanitize_line
from wire.errors import ErrorAnswer
from wire.lines import NoRequest, Request, Say
from wire.memory import trim_heap
from wire.server import Handler, Limits, Server

MOST = 128 << 20
"""Bytes of a request: a tree of `main` with 100,000 accounts, and room."""
REQUEST_SECONDS = 30.0
"""Seconds that a client gets for a step of its request."""


class AlreadySaid(Exception):
    """Wraps an error whose text went to the person line by line."""

    def __init__(self, error: MailserverError) -> None:
        super().__init__(str(error))
        self.error = error


class ControlServer(Server):
    """Answers root and our own user."""

    def __init__(self, path: Path, handler: Handler) -> None:
        def speak(request: Request, say: Say) -> Mapping[str, Any]:
            # Each connection has a thread, so this holds for the lines of its one request.
            bind(op=request["op"], actor=request.get("actor", ""))
            return handler(request, lambda text: say(cut(sanitize_line(text))))

        users = frozenset({0, os.geteuid()})
        super().__init__(path, speak, explain, Limits(MOST, REQUEST_SECONDS, users))

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> Any:
        """End a connection, and give back the memory that its request took."""
        super().shutdown_request(request)
        trim_heap()


def explain(error: Exception, op: str) -> ErrorAnswer:
    """An exception as an answer; whatever is not ours is a bug, whose text stays in the daemon's log."""
    if isinstance(error, AlreadySaid):
        return to_answer(error.error, said=True)
    if isinstance(error, NoRequest):
        return to_answer(UsageError.because(str(error), "see docs/reference/control-protocol.md"))
    if isinstance(error, MailserverError):
        return to_answer(error)
    if isinstance(error, OSError):  # a full disk, a file that may not be read: not a bug, and no secret
        log.exception("system error", op=op)
        return to_answer(Unavailable(f"the system refused it: {error}"))
    log.exception("bug", op=op)
    return to_answer(Bug("a bug in the control plane; its log has the details"))
