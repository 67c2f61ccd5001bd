"""What a server shows in TLS handshakes, on each of its ports and to each kind of client."""

from __future__ import annotations

import hashlib
import imaplib
import poplib
import re
import smtplib
import ssl
from contextlib import closing

from tests.integration import clients
from tests.integration.server import Server

PORTS = (25, 465, 587, 143, 993, 995)
WAIT = 15.0


def address(server: Server) -> str:
    """The container's own address: not every port is published."""
    server.container.reload()
    networks = server.container.attrs["NetworkSettings"]["Networks"]
    return str(networks[server.network]["IPAddress"])


def leaf(host: str, port: int) -> str:
    """SHA-256 of the certificate that a port serves, as its protocol starts TLS."""
    context = clients.any_certificate()
    if port in (25, 587):
        with smtplib.SMTP(host, port, local_hostname="mx.sender.test", timeout=WAIT) as smtp:
            smtp.starttls(context=context)
            return _digest(smtp.sock)
    if port == 465:
        with smtplib.SMTP_SSL(host, port, local_hostname="x.test", context=context, timeout=WAIT) as smtps:
            return _digest(smtps.sock)
    if port == 143:
        with imaplib.IMAP4(host, port, timeout=WAIT) as imap:
            imap.starttls(ssl_context=context)
            return _digest(imap.sock)
    if port == 993:
        with imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=WAIT) as imaps:
            return _digest(imaps.sock)
    with closing(poplib.POP3_SSL(host, port, context=context, timeout=WAIT)) as pops:
        return _digest(pops.sock)


def _digest(sock: object) -> str:
    assert isinstance(sock, ssl.SSLSocket)
    return hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()


def s_client(server: Server, port: int, *options: str) -> str:
    """What `openssl s_client` in the container prints; "" where no handshake came about."""
    start = {25: ("smtp",), 587: ("smtp",), 143: ("imap",)}.get(port)
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    words += ["-starttls", *start] if start else []
    done = server.run(*words, stdin="QUIT\n")
    return done.stdout if re.search(r"Cipher is (?!\(NONE\))", done.stdout) else ""
