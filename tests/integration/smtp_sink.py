"""A mail server that keeps nothing and reports everything: other people's servers in tests.

Runs in a container: `smtp_sink.py PORT…`. Each port offers STARTTLS and, once encrypted, AUTH PLAIN with any
password; every message that it takes is one line of JSON on stdout.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from functools import partial

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LARGEST = 50_000_000
"""Bytes of a message."""


def certificate() -> ssl.SSLContext:
    """TLS with a certificate made on the spot."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sink.test"
    files = ("-keyout", "/tmp/key.pem", "-out", "/tmp/cert.pem")
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tmp/cert.pem", "/tmp/key.pem")
    return context


class Teller:
    """Takes the messages of one port."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802  # as the library calls it
        """Print who brought the message, how, and its text."""
        login: LoginPassword | None = session.auth_data
        seen = {
            "port": self.port,
            "peer": session.peer[0],
            "tls": session.ssl is not None,
            "login": f"{login.login.decode()}:{login.password.decode()}" if login else "",
            "helo": session.host_name,
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "text": envelope.content.decode("utf-8", "replace"),
        }
        print(json.dumps(seen), flush=True)
        return "250 taken"


def welcome(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: LoginPassword
) -> AuthResult:
    """Let everybody in, and remember as whom."""
    return AuthResult(success=True, auth_data=login)


async def main(ports: list[int]) -> None:
    """Serve until killed."""
    talk = partial(
        SMTP,
        hostname="sink.test",
        data_size_limit=LARGEST,
        tls_context=certificate(),
        authenticator=welcome,
        auth_exclude_mechanism=["LOGIN"],
    )
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(partial(talk, Teller(port), loop=loop), port=port) for port in ports]
    print("answering", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main([int(port) for port in sys.argv[1:]]))
