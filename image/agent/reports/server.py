"""The agent's socket: what it answers to whom, and the kinds of its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.errors import KINDS, AgentError, Refused
from agent.log import log
from wire.errors import ErrorAnswer
from wire.lines import NoRequest, Request, Result, Say
from wire.server import Limits, Server

READ_SECONDS = 10.0
LARGEST_REQUEST = 8 << 20
"""Bytes."""
Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


def make_server(path: Path, operations: Mapping[str, Operation]) -> Server:
    """A server of these operations, for everybody who may open the socket."""

    def perform(request: Request, _say: Say) -> Result:
        if request["op"] not in operations:
            raise Refused(f"there is no operation {request['op']!r}")
        return operations[request["op"]](request)

    path.parent.mkdir(parents=True, exist_ok=True)
    return Server(path, perform, explain, Limits(LARGEST_REQUEST, READ_SECONDS))


def explain(error: Exception, op: str) -> ErrorAnswer:
    """An exception as an answer: what is neither ours nor the system's is a bug."""
    for name, kind in KINDS.items():
        if isinstance(error, kind):
            return ErrorAnswer(name, str(error))
    if isinstance(error, AgentError | NoRequest):
        return ErrorAnswer("Refused", str(error))
    if isinstance(error, OSError):
        return ErrorAnswer("Unavailable", str(error))
    message = f"{type(error).__name__}: {error}"
    log.warning("bug", op=op, error=message)
    return ErrorAnswer("Bug", message)
