"""The one server: a UNIX socket with a thread for each connection, each for one request."""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wire.errors import ErrorAnswer
from wire.lines import NoRequest, Request, Say, encode, read_request

MODE = 0o660
ACCEPT_PAUSE = 0.5
"""Seconds between two tries to take a connection while descriptors or memory are short."""

Handler = Callable[[Request, Say], Mapping[str, Any]]
Explain = Callable[[Exception, str], ErrorAnswer]
"""From what went wrong, and the name of the operation (empty where there was none), to the answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take."""

    most: int
    """Bytes of a request."""
    seconds: float
    """For each step of reading it and of sending the answer."""
    users: frozenset[int] = frozenset()
    """Who may ask; empty for everybody who may open the socket."""


class Server(socketserver.ThreadingUnixStreamServer):
    """Answers requests until it is stopped. What `handler` raises, `explain` puts into words."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    """Connections that may wait: more than the writers that any test or person starts at once."""

    def __init__(self, path: Path, handler: Handler, explain: Explain, limits: Limits) -> None:
        super().__init__(str(path), _Conversation, bind_and_activate=False)
        self.handler, self.explain, self.limits = handler, explain, limits
        self._path = path
        self._stopping = False

    def bind(self, group: int | None = None) -> None:
        """Take the socket's place, which a killed process may have left; it is there once we listen.

        `group` may use it besides its owner.
        """
        aside = self._path.with_name(f"{self._path.name}.new")
        aside.unlink(missing_ok=True)
        self.socket.bind(str(aside))
        if group is not None:
            os.chown(aside, -1, group)
        aside.chmod(MODE)
        self.socket.listen(self.request_queue_size)
        aside.replace(self._path)

    def serve(self) -> None:
        """Answer connections until `stop`. Sleeps between them: `serve_forever` would look twice a second."""
        while not self._stopping:
            self.handle_request()

    def stop(self) -> None:
        """Take no more connections. The path goes first: the process may end as soon as `serve` returns."""
        self._path.unlink(missing_ok=True)
        self._stopping = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def get_request(self) -> tuple[socket.socket, object]:
        """Take a connection. One that cannot be taken waits: those that are open will end."""
        try:
            return super().get_request()
        except OSError:
            if not self._stopping:
                time.sleep(ACCEPT_PAUSE)
            raise


class _Conversation(socketserver.BaseRequestHandler):
    """One connection."""

    server: Server
    request: socket.socket

    def handle(self) -> None:
        limits = self.server.limits
        # who is gone needs no answer; what was done is done
        with suppress(OSError):
            self.request.settimeout(limits.seconds)
            if not limits.users or peer_uid(self.request) in limits.users:
                self.request.sendall(encode(self._answer()))

    def _answer(self) -> dict[str, object]:
        try:
            request = read_request(self.request, self.server.limits.most)
        except NoRequest as error:
            return {"error": self.server.explain(error, "").as_dict()}
        try:
            return {"result": self.server.handler(request, self._say)}
        except Exception as error:  # noqa: BLE001  # one request must not end the server
            return {"error": self.server.explain(error, request["op"]).as_dict()}

    def _say(self, text: str) -> None:
        # who no longer listens does not stop what was begun
        with suppress(OSError):
            self.request.sendall(encode({"say": text}))


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end of a UNIX socket (unix(7), SO_PEERCRED)."""
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)
