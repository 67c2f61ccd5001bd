"""Real mail clients, over the protocols that people's programs use."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

SECONDS = 30.0
"""An unknown client waits 6 s for the greeting of port 25, and a busy machine for itself."""


def any_certificate() -> ssl.SSLContext:
    """TLS that encrypts and trusts whom it meets: the tests' certificates are self-made."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def message(sender: str, recipient: str, body: str = "Hello.", **headers: str) -> EmailMessage:
    """A small message with an identity of its own; its subject is unique."""
    made = EmailMessage()
    made["From"], made["To"] = sender, recipient
    made["Subject"] = f"test {uuid.uuid4().hex}"
    made["Message-ID"] = f"<{uuid.uuid4().hex}@sender.test>"
    made["Date"] = "Sun, 22 Nov 2026 14:03:11 +0000"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


@contextmanager
def smtp(host: str, port: int, tls: bool = False) -> Iterator[smtplib.SMTP]:
    """A session on port 25, as another mail server opens it."""
    with smtplib.SMTP(host, port, local_hostname="mx.sender.test", timeout=SECONDS) as session:
        if tls:
            session.starttls(context=any_certificate())
        yield session


@contextmanager
def submission(host: str, port: int, user: str, password: str) -> Iterator[smtplib.SMTP]:
    """A session on 587, encrypted by STARTTLS and logged in."""
    with smtplib.SMTP(host, port, local_hostname="laptop.test", timeout=SECONDS) as session:
        session.starttls(context=any_certificate())
        session.login(user, password)
        yield session


@contextmanager
def submissions(host: str, port: int, user: str, password: str) -> Iterator[smtplib.SMTP]:
    """A session on 465, encrypted from the start and logged in."""
    with smtplib.SMTP_SSL(
        host, port, local_hostname="laptop.test", context=any_certificate(), timeout=SECONDS
    ) as session:
        session.login(user, password)
        yield session


@contextmanager
def imap(host: str, port: int, user: str, password: str) -> Iterator[imaplib.IMAP4]:
    """A session on 993, logged in."""
    session = imaplib.IMAP4_SSL(host, port, ssl_context=any_certificate(), timeout=SECONDS)
    try:
        session.login(user, password)
        yield session
    finally:
        session.shutdown()


def found(session: imaplib.IMAP4, subject: str, folder: str = "INBOX") -> str:
    """The message with that subject as it was stored, empty where the folder has none."""
    status, _ = session.select(folder, readonly=True)
    if status != "OK":
        return ""
    _, hits = session.search(None, "SUBJECT", f'"{subject}"')
    numbers = hits[0].split()
    if not numbers:
        return ""
    _, parts = session.fetch(numbers[-1].decode(), "(BODY.PEEK[])")
    part = parts[0]
    return part[1].decode("utf-8", "replace") if isinstance(part, tuple) else ""
