"""The benchmarks' clients against a server that answers as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks import clients
from benchmarks.delivery import message

Answers = list[tuple[bytes, bytes]]


@contextmanager
def answering(greeting: bytes, answers: Answers) -> Iterator[int]:
    """The port of a server that greets one client, waits for each request's end, and answers it in pieces."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(greeting)
                for ending, answer in answers:
                    got = b""
                    while not got.endswith(ending):
                        if not (part := connection.recv(4096)):
                            return
                        got += part
                    connection.sendall(answer[:5])
                    connection.sendall(answer[5:])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def test_an_imap_login_is_a_login_and_a_logout() -> None:
    """It waits for tagged answers, whatever comes before them."""
    answers: Answers = [
        (b"t LOGIN user1@example.test secret\r\n", b"* CAPABILITY IMAP4rev1\r\nt OK Logged in\r\n"),
        (b"t LOGOUT\r\n", b"* BYE Logging out\r\nt OK Logout completed.\r\n"),
    ]
    with answering(b"* OK ready\r\n", answers) as port:
        clients.imap_login("127.0.0.1", port, "user1@example.test", "secret", None)


def test_a_refused_login_ends_the_run() -> None:
    """A figure of log-ins that failed would look like a fast server."""
    answers: Answers = [(b"\r\n", b"t NO [AUTHENTICATIONFAILED] Authentication failed.\r\n")]
    with (
        answering(b"* OK ready\r\n", answers) as port,
        pytest.raises(clients.Refused, match="AUTHENTICATIONFAILED"),
    ):
        clients.imap_login("127.0.0.1", port, "user1@example.test", "secret", None)


def test_a_message_goes_over_a_greeted_connection() -> None:
    """The envelope is one packet with three answers, then the message with its end."""
    answers: Answers = [
        (b"DATA\r\n", b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"),
        (b"\r\n.\r\n", b"250 2.0.0 Ok: queued as 1\r\n"),
    ]
    with (
        answering(b"220-early\r\n220 mail.example.test ESMTP\r\n", answers) as port,
        clients.Talk("127.0.0.1", port) as talk,
    ):
        talk.ask(b"", clients.REPLY, b"2")
        clients.deliver(talk, "user1@example.test", message(1))


def test_a_refused_recipient_ends_the_run() -> None:
    """One refusal among the answers is enough."""
    answers: Answers = [(b"DATA\r\n", b"250 2.1.0 Ok\r\n550 5.1.1 Unknown\r\n554 5.5.1 No recipients\r\n")]
    with (
        answering(b"220 mail.example.test ESMTP\r\n", answers) as port,
        clients.Talk("127.0.0.1", port) as talk,
    ):
        talk.ask(b"", clients.REPLY, b"2")
        with pytest.raises(clients.Refused, match=r"550 5\.1\.1"):
            clients.deliver(talk, "user1@example.test", message(1))


def test_what_clients_did_is_counted() -> None:
    """Each turn has a number of its own, and all turns of all clients are counted."""
    seen: list[int] = []
    done, taken = clients.repeat(seen.append, 3, 0.05)
    assert sorted(seen) == list(range(done))
    assert taken >= 0.05


def failing(number: int) -> None:
    """Fail at the third turn."""
    if number == 2:
        raise clients.Refused("no")


@pytest.mark.parametrize("count", [1, 4])
def test_one_failure_ends_all_clients(count: int) -> None:
    """The others do not go on for the rest of the time."""
    work: Callable[[int], None] = failing
    with pytest.raises(clients.Refused):
        clients.repeat(work, count, 60)
