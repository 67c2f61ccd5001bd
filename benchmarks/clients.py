"""Mail clients of a few system calls: they share the cores with the server that they measure."""

from __future__ import annotations

import itertools
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

WAIT = 60.0
"""Seconds until a server that does not answer fails the run."""
LINE = re.compile(rb"^.*\r\n", re.MULTILINE)
TAGGED = re.compile(rb"^t (\w+) .*\r\n", re.MULTILINE)
REPLY = re.compile(rb"^(\d)\d\d(?: .*)?\r\n", re.MULTILINE)
"""The last line of an SMTP reply (RFC 5321, 4.2.1)."""


class Refused(Exception):
    """A server said no, which makes any figure worthless."""


class Talk:
    """A connection whose answers are awaited by their last line."""

    def __init__(self, address: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection((address, port), timeout=WAIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.start_tls(tls)

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Make a full TLS handshake: no session is ever taken up again."""
        self._socket = context.wrap_socket(self._socket)

    def ask(self, request: bytes, last: re.Pattern[bytes], good: bytes = b"", count: int = 1) -> None:
        """Send a request and read until so many last lines have come.

        Where `good` is given, the group of `last` has to be in it; raises Refused with the answer otherwise,
        and OSError where the connection ends before.
        """
        if request:
            self._socket.sendall(request)
        answer = b""
        while not answer.endswith(b"\r\n") or len(found := last.findall(answer)) < count:
            part = self._socket.recv(16384)
            if not part:
                raise ConnectionError(f"the server hung up after {answer!r}")
            answer += part
        if good and any(each not in good for each in found):
            raise Refused(answer.decode(errors="replace"))

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._socket.close()


def imap_login(address: str, port: int, user: str, password: str, tls: ssl.SSLContext | None) -> None:
    """LOGIN and LOGOUT (RFC 3501); with a context TLS comes first (RFC 8314). Raises Refused."""
    with Talk(address, port, tls) as talk:
        talk.ask(b"", LINE)
        talk.ask(f"t LOGIN {user} {password}\r\n".encode(), TAGGED, b"OK")
        talk.ask(b"t LOGOUT\r\n", TAGGED, b"OK")


def submission_login(address: str, port: int, user: str, password: str, tls: ssl.SSLContext) -> None:
    """AUTH PLAIN (RFC 4954) and QUIT; STARTTLS on port 587, TLS first on any other. Raises Refused."""
    with Talk(address, port, None if port == 587 else tls) as talk:
        talk.ask(b"", REPLY, b"2")
        if port == 587:
            talk.ask(b"EHLO client.example.test\r\n", REPLY, b"2")
            talk.ask(b"STARTTLS\r\n", REPLY, b"2")
            talk.start_tls(tls)
        talk.ask(b"EHLO client.example.test\r\n", REPLY, b"2")
        word = b64encode(f"\0{user}\0{password}".encode())
        talk.ask(b"AUTH PLAIN " + word + b"\r\n", REPLY, b"2")
        talk.ask(b"QUIT\r\n", REPLY, b"2")


def deliver(talk: Talk, recipient: str, message: bytes) -> None:
    """One message over a greeted connection, commands in one packet (RFC 2920). Raises Refused."""
    envelope = f"MAIL FROM:<ada@sender.test>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
    talk.ask(envelope.encode(), REPLY, b"23", count=3)
    talk.ask(message + b"\r\n.\r\n", REPLY, b"2")


def repeat(once: Callable[[int], None], clients: int, seconds: float) -> tuple[int, float]:
    """Do something in so many threads for so long, with another number each time; how often, in what time.

    The first error of a client ends all of them, and is raised.
    """
    numbers, begun = itertools.count(), time.monotonic()
    failed = threading.Event()

    def work() -> int:
        done = 0
        try:
            while not failed.is_set() and time.monotonic() - begun < seconds:
                once(next(numbers))
                done += 1
        except BaseException:
            failed.set()
            raise
        return done

    with ThreadPoolExecutor(clients) as pool:
        workers = [pool.submit(work) for _ in range(clients)]
        done = sum(worker.result() for worker in workers)
    return done, time.monotonic() - begun
