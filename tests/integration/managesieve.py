"""A small ManageSieve client (RFC 5804), as Sieve editors speak it."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.clients import SECONDS, any_certificate


class Refused(Exception):
    """The server answered NO or BYE."""


class ManageSieve:
    """One session; each method is a command and returns the lines of data before OK."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=SECONDS)
        self._file = self._socket.makefile("rb")
        self.capabilities = self._answer()

    def login(self, user: str, password: str) -> None:
        """STARTTLS, then AUTHENTICATE PLAIN."""
        self.command("STARTTLS")
        self._socket = any_certificate().wrap_socket(self._socket)
        self._file = self._socket.makefile("rb")
        self.capabilities = self._answer()
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.command(f'AUTHENTICATE "PLAIN" "{token}"')

    def command(self, text: str, content: str | None = None) -> list[str]:
        """A command, with a literal of `content` behind it."""
        data = text.encode()
        if content is not None:
            literal = content.encode()
            data += b" {%d+}\r\n" % len(literal) + literal
        self._socket.sendall(data + b"\r\n")
        return self._answer()

    def scripts(self) -> dict[str, bool]:
        """The user's scripts, and whether each is the active one."""
        rows = (re.fullmatch(r'"(.*)"( ACTIVE)?', line) for line in self.command("LISTSCRIPTS"))
        return {row[1]: bool(row[2]) for row in rows if row}

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def _answer(self) -> list[str]:
        lines = []
        while True:
            line = self._file.readline().decode().rstrip("\r\n")
            if literal := re.search(r"\{(\d+)\}$", line):
                line += self._file.read(int(literal[1])).decode()
                line += self._file.readline().decode()
            if line.startswith("OK"):
                return lines
            if not line or line.startswith(("NO", "BYE")):
                raise Refused(line)
            lines.append(line)


@contextmanager
def managesieve(host: str, port: int, user: str, password: str) -> Iterator[ManageSieve]:
    """A logged-in session."""
    session = ManageSieve(host, port)
    try:
        session.login(user, password)
        yield session
    finally:
        session.close()
