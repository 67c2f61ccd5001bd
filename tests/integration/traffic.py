"""A user who goes on sending and reading while something is done to the server."""

from __future__ import annotations

import imaplib
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.integration import clients
from tests.integration.server import PASSWORD, Server

PAUSE = 0.1


@dataclass
class Traffic:
    """Sends to `user` on port 25 and logs in on 993, each in a thread of its own, until the block ends."""

    server: Server
    user: str
    taken: list[str] = field(default_factory=list)
    """Subjects of the messages that the server took."""
    outages: dict[str, float] = field(default_factory=lambda: {"mail": 0.0, "login": 0.0})
    """Longest time without success in seconds, by what was tried."""

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._ports = self.server.port(25), self.server.port(993)
        works = {"mail": self._send, "login": self._log_in}
        self._threads = [
            threading.Thread(target=self._repeat, args=row, daemon=True) for row in works.items()
        ]
        self._send()  # the first greeting of port 25 takes its 6 s; they are no outage
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(clients.SECONDS + 5)

    def _repeat(self, name: str, work: Callable[[], None]) -> None:
        last = time.monotonic()
        while not self._end.wait(PAUSE):
            try:
                work()
            except (OSError, smtplib.SMTPException, imaplib.IMAP4.error):
                pass
            else:
                last = time.monotonic()
            self.outages[name] = max(self.outages[name], time.monotonic() - last)

    def _send(self) -> None:
        made = clients.message("someone@sender.test", self.user)
        with clients.smtp("127.0.0.1", self._ports[0]) as session:
            session.send_message(made, "someone@sender.test", [self.user])
        self.taken.append(str(made["Subject"]))

    def _log_in(self) -> None:
        with clients.imap("127.0.0.1", self._ports[1], self.user, PASSWORD) as session:
            session.noop()

    def missing(self) -> list[str]:
        """Messages that were taken and are not in the mailbox (yet)."""
        with self.server.imap(self.user) as session:
            session.select("INBOX", readonly=True)
            _, parts = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        there = b"".join(part[1] for part in parts if isinstance(part, tuple)).decode()
        return [subject for subject in self.taken if subject not in there]
