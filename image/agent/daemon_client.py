"""Talking to the control plane daemon: one connection, one request (docs/agent.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.errors import KINDS, AgentError, Refused, Unavailable
from wire import client
from wire.errors import ErrorAnswer

DEADLINE = 60.0
"""Seconds for each line of an answer."""


class DaemonClient:
    """The daemon's socket, asked in the name of a node."""

    def __init__(self, path: Path, node: str) -> None:
        self.path, self.node = path, node

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """One request. Raises Unavailable when nobody answers, else the kind of error that is the answer."""
        try:
            return client.ask(str(self.path), {"op": op, "node": self.node, **arguments}, DEADLINE)
        except ErrorAnswer as answer:
            raise _told(answer, op) from answer
        except OSError as error:
            raise Unavailable(f"the control plane does not answer {op}: {error}") from error


def _told(answer: ErrorAnswer, op: str) -> AgentError:
    kind = KINDS.get(answer.name, AgentError)
    # a refusal is handed on to people, in its own words
    return kind(answer.message if kind is Refused else f"the control plane refused {op}: {answer.message}")
