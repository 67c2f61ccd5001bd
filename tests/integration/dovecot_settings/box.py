"""A running server whose `dovecot.cf` is changed group by group, and the clients that look at it."""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from tests.integration import clients
from tests.integration.handshakes import address
from tests.integration.managesieve import ManageSieve, managesieve
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

LOG = "/var/log/mail/mail.log"
LMTP = 2424


@dataclass
class Box:
    """The server, and the account that is looked at."""

    server: Server
    user: str = ""

    @property
    def host(self) -> str:
        """The container's own address, for ports that are not published."""
        return address(self.server)

    def imap(self, user: str = "", password: str = PASSWORD) -> AbstractContextManager[imaplib.IMAP4]:
        """A session on 993 of the group's account, or of another one."""
        return self.server.imap(user or self.user, password)

    @contextmanager
    def pop3(self) -> Iterator[poplib.POP3]:
        """A session on 995, ended by QUIT."""
        port = self.server.port(995)
        session = poplib.POP3_SSL(
            "127.0.0.1", port, context=clients.any_certificate(), timeout=clients.SECONDS
        )
        session.user(self.user)
        session.pass_(PASSWORD)
        yield session
        session.quit()

    def sieve(self) -> AbstractContextManager[ManageSieve]:
        """A session on 4190."""
        return managesieve("127.0.0.1", self.server.port(4190), self.user, PASSWORD)

    def script(self, text: str) -> None:
        """Make this the user's Sieve script."""
        with self.sieve() as session:
            session.command('PUTSCRIPT "own"', text)
            session.command('SETACTIVE "own"')

    def message(self, body: str = "Hello.", **headers: str) -> EmailMessage:
        """A message of a stranger to the group's account."""
        return clients.message("someone@sender.test", self.user, body, **headers)

    def lmtp(self, made: EmailMessage, recipient: str = "", sender: str = "someone@sender.test") -> None:
        """Hand a message to Dovecot itself; raises what smtplib raises when it is refused."""
        with smtplib.LMTP(self.host, LMTP, local_hostname="mx.sender.test") as session:
            session.send_message(made, sender, [recipient or self.user])

    def deliver(self, body: str = "Hello.", recipient: str = "", **headers: str) -> EmailMessage:
        """Hand a new message to Dovecot itself, which has to take it."""
        made = self.message(body, **headers)
        self.lmtp(made, recipient)
        return made

    def stored(self, made: EmailMessage, folder: str = "INBOX") -> str:
        """The message as a client finds it in the folder; empty where it is not there."""
        with self.imap() as session:
            return clients.found(session, str(made["Subject"]), quoted(folder))

    def store(self, session: imaplib.IMAP4, folder: str = "INBOX", body: str = "Hello.") -> EmailMessage:
        """Put a new message into a folder as a client does, which has to succeed."""
        made = self.message(body)
        status, said = session.append(quoted(folder), "", "", made.as_bytes())
        assert status == "OK", said
        return made

    def logged(self, pattern: str, path: str = LOG) -> str:
        """A line of the log with that expression, once it is there."""
        line = re.compile(pattern)

        def found() -> str:
            lines = self.server.must("tail", "-n", "2000", path).splitlines()
            return next(filter(line.search, lines), "")

        return poll(found, f"{pattern} in {path}", 10, every=0.2)

    def files(self, folder: str) -> list[str]:
        """The files below a folder of the container, by path."""
        return self.server.must("find", folder, "-type", "f").splitlines()


def quoted(name: str) -> str:
    """A folder's name as IMAP's commands have it."""
    return f'"{name}"'


def ask(session: imaplib.IMAP4, command: str) -> str:
    """A command, as it is; everything that the server says up to the end of its answer."""
    session.send(f"ask {command}\r\n".encode())
    said = []
    while not said or not said[-1].startswith("ask "):
        line = session.readline()
        assert line, f"{command}: the connection ended after {said}"
        said.append(line.decode("utf-8", "replace").rstrip("\r\n"))
    return "\n".join(said)
