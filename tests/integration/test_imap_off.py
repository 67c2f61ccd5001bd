"""A server for POP3 alone."""

from __future__ import annotations

import json
import poplib
from collections.abc import Iterator

import pytest

from tests.integration import clients
from tests.integration.edits import ENV, put, set_to
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Clone, Server

USER = "user1@example.com"
OPEN = """\
import json, socket
def listens(family, address, port):
    with socket.socket(family) as one:
        return one.connect_ex((address, port)) == 0
ways = (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")
print(json.dumps([port for port in (110, 143, 993, 995) if any(listens(*way, port) for way in ways)]))
"""


@pytest.fixture
def clone(boxes: Server, boxes_clone: Clone) -> Iterator[Clone]:
    """A clone of the shared server's state repo; its settings are what they were afterwards."""
    env = (boxes_clone.path / ENV).read_text()
    yield boxes_clone
    boxes_clone.back()
    if (boxes_clone.path / ENV).read_text() != env:
        put(boxes, boxes_clone, {ENV: env})


@pytest.mark.shows("ENABLE_IMAP", "ENABLE_POP3")
def test_mail_without_imap(boxes: Server, clone: Clone) -> None:
    """IMAP's ports are closed, nothing is reported missing, and mail still comes and is fetched."""
    set_to(boxes, clone, "ENABLE_IMAP", "0")
    assert json.loads(boxes.must("python3", "-c", OPEN)) == [110, 995]
    assert boxes.status()["healthy"]
    boxes.wait_healthy()
    made = boxes.deliver(USER)
    poll(lambda: str(made["Subject"]).encode() in fetched(boxes), "mail over POP3", 20, every=0.2)
    set_to(boxes, clone, "ENABLE_IMAP", "1")
    assert json.loads(boxes.must("python3", "-c", OPEN)) == [110, 143, 993, 995]
    boxes.wait_for_mail(USER, made)


def fetched(server: Server) -> bytes:
    """The newest message of the mailbox, over POP3 with TLS; empty where there is none."""
    context = clients.any_certificate()
    session = poplib.POP3_SSL("127.0.0.1", server.port(995), context=context, timeout=20)
    try:
        session.user(USER)
        session.pass_(PASSWORD)
        count = session.stat()[0]
        return b"\n".join(session.retr(count)[1]) if count else b""
    finally:
        session.quit()
