"""Talking to the control plane daemon: one connection, one request (docs/agent.md)."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from agent.errors import AgentError, Refused, Unavailable

DEADLINE = 60.0


class DaemonClient:
    """The daemon's socket, asked in the name of a node."""

    def __init__(self, path: Path, node: str) -> None:
        self.path, self.node = path, node

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """One request. Raises Unavailable when nobody answers, Refused and AgentError as the answer says."""
        request = json.dumps({"op": op, "node": self.node, **arguments}).encode() + b"\n"
        until = time.monotonic() + DEADLINE
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(DEADLINE)
                sock.connect(str(self.path))
                sock.sendall(request)
                with sock.makefile("rb") as lines:
                    for line in lines:
                        answer = json.loads(line)
                        if "say" not in answer:
                            return _result(op, answer)
                        sock.settimeout(max(0.001, until - time.monotonic()))
        except (OSError, ValueError) as error:
            raise Unavailable(f"the control plane does not answer {op}: {error}") from error
        raise Unavailable(f"the control plane ended without an answer to {op}")


def _result(op: str, answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        error = answer["error"]
        if error.get("type") == "Refused":
            raise Refused(str(error.get("message", "")))
        raise AgentError(f"the control plane refused {op}: {error.get('message', '')}")
    result: dict[str, Any] = answer["result"]
    return result
