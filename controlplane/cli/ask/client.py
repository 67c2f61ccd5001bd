"""Asks the control plane's daemon over its socket (docs/reference/control-protocol.md)."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from controlplane.answers import from_answer
from controlplane.cli.ask.actor import actor
from controlplane.cli.text.terminal import say
from controlplane.errors import MailserverError, Unavailable
from controlplane.plain_text import read_answer
from wire import client
from wire.errors import ErrorAnswer

SOCKET = "/run/mail-control/control.sock"
AGENT_SOCKET = "/run/mail-agent/agent.sock"
SUPERVISOR_SOCKET = "/run/supervisor.sock"
FIRST_PROCESS = "/proc/1/cmdline"
STATE = "/var/mail-state"

PATIENCE = 150.0
"""Seconds to wait for each line of an answer; longer than any deadline of the daemon's own."""
STARTING = 15.0
"""Seconds to wait for a daemon that is being started."""


class AlreadyTold(MailserverError):
    """A refusal whose text was said line by line; only the exit status is left to give."""


def call(op: str, patience: float = PATIENCE, **arguments: Any) -> Any:
    """Run the daemon's operation `op` and return its answer; its `say` lines go to stderr as they arrive.

    The types of answers are in `controlplane.protocol`. Raises what the daemon raised, and Unavailable where
    none answers. In a container of the image without a running server, the operation runs in this process.
    """
    request = {"op": op, "actor": actor(), **arguments}
    connection = _connect_patiently(os.environ.get("MAILCTL_SOCKET", SOCKET))
    if connection is None:
        return _call_embedded(request)
    return converse(connection, request, patience)


def call_agent(op: str, patience: float = PATIENCE, **arguments: Any) -> Any:
    """Run an operation of the agent, which alone touches mail; raises as `call` does."""
    path = os.environ.get("MAIL_AGENT_SOCKET", AGENT_SOCKET)
    connection = connect(path)
    if connection is None:
        raise Unavailable(f"the agent does not answer on {path}")
    return converse(connection, {"op": op, **arguments}, patience)


def server_is_here() -> bool:
    """Whether `call` can work: a daemon listens, or a state volume is mounted."""
    return (
        Path(os.environ.get("MAILCTL_SOCKET", SOCKET)).exists()
        or Path(os.environ.get("MAILCTL_STATE", STATE)).is_dir()
    )


def server_runs() -> bool:
    """Whether this container runs a server, whose agent must answer; a one-off container has no agent."""
    return Path(os.environ.get("MAIL_AGENT_SOCKET", AGENT_SOCKET)).exists() or _server_starts()


def connect(path: str) -> socket.socket | None:
    """Connect to the socket; None where nobody listens. Raises Unavailable where permission is denied."""
    try:
        return client.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise Unavailable(f"you may not use {path}: run the command as root in the container") from None


def _connect_patiently(path: str) -> socket.socket | None:
    """Connect, waiting for a daemon that the supervisor is starting."""
    give_up = time.monotonic() + STARTING
    while (connection := connect(path)) is None:
        if not _server_starts():
            return None
        if time.monotonic() > give_up:
            raise Unavailable("the control plane does not answer; `docker logs` of this container says why")
        time.sleep(0.05)
    return connection


def _server_starts() -> bool:
    """Whether a server starts or runs here, by the first process (proc(5)); that of a one-off differs."""
    if Path(SUPERVISOR_SOCKET).exists():
        return True
    try:
        first = Path(FIRST_PROCESS).read_bytes()
    except OSError:
        return False
    return b"mailserver-start" in first or b"supervisord" in first


def converse(connection: socket.socket, request: dict[str, Any], patience: float) -> Any:
    """Send one request over `connection`, print what is said, return the result, raise the error."""
    with connection:
        try:
            return client.converse(connection, request, patience, say, read_answer)
        except ErrorAnswer as answer:
            raise error_of(answer) from None
        except TimeoutError:
            raise Unavailable(f"no answer within {patience:.0f} s") from None
        except ConnectionError:
            raise Unavailable(
                "the connection ended before the answer came; `mailctl log` shows what was recorded"
            ) from None


def error_of(answer: ErrorAnswer) -> MailserverError:
    """The exception that an error stands for."""
    return AlreadyTold(answer.message) if answer.said else from_answer(answer)


def _call_embedded(request: dict[str, Any]) -> Any:
    """Run the operation in this process: a one-off container has no daemon."""
    if not Path(os.environ.get("MAILCTL_STATE", STATE)).is_dir():
        raise Unavailable("there is no mail server here; `mailctl validate` and `plan` work in a clone")
    from controlplane.daemon import embedded

    return embedded.call(request, say, dict(os.environ))
