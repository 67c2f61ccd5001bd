"""Port 465 greets as soon as the connection is encrypted."""

from __future__ import annotations

import socket

from tests.integration import clients
from tests.integration.server import Server


def test_no_ticket_holds_the_greeting_back(server: Server) -> None:
    """A session ticket before it would: the kernel waits for its acknowledgment (RFC 9293, 3.7.4)."""
    with (
        socket.create_connection(("127.0.0.1", server.port(465)), timeout=clients.SECONDS) as plain,
        clients.any_certificate().wrap_socket(plain) as encrypted,
    ):
        assert encrypted.recv(1024).startswith(b"220 ")
        assert encrypted.version() == "TLSv1.3"
        assert encrypted.session is None or not encrypted.session.has_ticket
