"""The agent's socket: a JSON line in, a JSON line out, one thread a connection."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.errors import AgentError, Corrupt, NotFound, Refused, Unavailable
from agent.log import log

READ_DEADLINE = 10.0
ACCEPT_PAUSE = 0.5
LARGEST_REQUEST = 8 * 1024 * 1024
Operation = Callable[[Mapping[str, Any]], dict[str, Any]]

NAMES: tuple[tuple[type[Exception], str], ...] = (
    (Refused, "Refused"),
    (NotFound, "NotFound"),
    (Corrupt, "Corrupt"),
    (Unavailable, "Unavailable"),
    (TimeoutError, "Unavailable"),
    (AgentError, "Refused"),
    (OSError, "Unavailable"),
)


def listen(path: Path, group: int | None) -> socket.socket:
    """A listening socket that only root and one group may use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    if group is not None:
        os.chown(path, -1, group)
    path.chmod(0o660)
    sock.listen(64)
    return sock


def serve(sock: socket.socket, operations: Mapping[str, Operation]) -> None:
    """Answer for ever; ends when the socket is closed."""
    while sock.fileno() >= 0:
        try:
            connection, _ = sock.accept()
        except OSError as error:
            if sock.fileno() >= 0:  # out of file descriptors or memory: those that are open will end
                log("a connection was not taken", reason=error)
                time.sleep(ACCEPT_PAUSE)
            continue
        threading.Thread(target=_answer, args=(connection, operations), daemon=True).start()


def _answer(connection: socket.socket, operations: Mapping[str, Operation]) -> None:
    with connection:
        try:
            connection.settimeout(READ_DEADLINE)
            with connection.makefile("rb") as lines:
                line = lines.readline(LARGEST_REQUEST)
            connection.settimeout(None)
            reply = _perform(line, operations)
            connection.settimeout(READ_DEADLINE)
            connection.sendall(json.dumps(reply).encode() + b"\n")
        except OSError:
            return  # whoever asked is gone; what was done is in the outcomes


def _perform(line: bytes, operations: Mapping[str, Operation]) -> dict[str, Any]:
    try:
        request = json.loads(line)
        operation = operations[request["op"]]
    except (ValueError, KeyError, TypeError):
        return {"error": {"type": "Refused", "message": "no such operation", "problems": []}}
    try:
        return {"result": operation(request)}
    except Exception as error:  # noqa: BLE001  # one request's bug must not end the server
        name = next((text for kind, text in NAMES if isinstance(error, kind)), "Bug")
        message = str(error) if name != "Bug" else f"{type(error).__name__}: {error}"
        if name == "Bug":
            log("bug", op=request["op"], error=message)
        return {"error": {"type": name, "message": message, "problems": []}}
