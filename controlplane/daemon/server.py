"""The socket: a thread a connection, each for one request."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from controlplane.daemon import log
from controlplane.daemon.memory import trim_heap
from controlplane.daemon.protocol import (
    REQUEST_SECONDS,
    Request,
    Result,
    Say,
    error_answer,
    peer_uid,
    read_request,
    send,
)
from controlplane.errors import MailserverError, Unavailable
from controlplane.plain_text import cut, sanitize_line

MODE = 0o660
BACKLOG = 256
"""Connections that may wait: more than the writers that any test or person starts at once."""

Handler = Callable[[Request, Say], Result]


class AlreadySaid(Exception):
    """Wraps an error whose text went to the person line by line."""

    def __init__(self, error: MailserverError) -> None:
        super().__init__(str(error))
        self.error = error


class Server:
    """Listens on a UNIX socket for root and for our own user."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stopping = False

    def bind(self) -> None:
        """Take the socket's place, which a killed daemon may have left; it is there once we listen."""
        aside = self._path.with_name(f"{self._path.name}.new")
        aside.unlink(missing_ok=True)
        self._listener.bind(str(aside))
        aside.chmod(MODE)
        self._listener.listen(BACKLOG)
        aside.replace(self._path)

    def serve(self) -> None:
        """Answer connections until `stop`."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._stopping:
                    return
                raise
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Take no more connections; may be called from a signal handler."""
        self._stopping = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            connection.settimeout(REQUEST_SECONDS)
            if peer_uid(connection) not in (0, os.geteuid()):
                return
            send(connection, self._outcome(connection))
        trim_heap()

    def _outcome(self, connection: socket.socket) -> dict[str, object]:
        op = ""
        try:
            request = read_request(connection)
            op = request["op"]

            def say(text: str) -> None:
                # Who no longer listens does not stop what was begun.
                with suppress(OSError):
                    send(connection, {"say": cut(sanitize_line(text))})

            return {"result": self._handler(request, say)}
        except AlreadySaid as said:
            return error_answer(said.error, said=True)
        except MailserverError as error:
            return error_answer(error)
        except OSError as error:  # a full disk, a file that may not be read: not a bug, and no secret
            log.exception("system error", op=op)
            return error_answer(Unavailable(f"the system refused it: {error}"))
        except Exception as error:  # noqa: BLE001  # the last line of defence: one request must not end the daemon
            log.exception("bug", op=op)
            return error_answer(error)
