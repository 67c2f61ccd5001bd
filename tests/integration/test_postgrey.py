"""Greylisting, switched on and off by pushes on a server that runs."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import docker
import pytest
from testcontainers.core.network import Network

from tests.integration.conftest import started
from tests.integration.edits import ENV, live, put
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

USER, FRIEND = "reader@example.test", "friend@example.test"
DEFERRED = f"450 4.2.0 <{USER}>: Recipient address rejected: "


@pytest.fixture(scope="module")
def greylisting(engine: docker.DockerClient, network: Network, resolver: str) -> Iterator[Server]:
    """A server without filters."""
    with started(engine, network, resolver, {"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0"}) as server:
        server.add_account(USER)
        server.add_account(FRIEND)
        yield server


@pytest.fixture(scope="module")
def clone(greylisting: Server, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone of its state repo."""
    return greylisting.clone(tmp_path_factory.mktemp("postgrey") / "mail-state")


def set_all(server: Server, clone: Clone, **settings: object) -> str:
    """Push these settings in place of all that concern Postgrey; what the push said."""
    clone.back()
    rows = [row for row in (clone.path / ENV).read_text().splitlines() if "POSTGREY" not in row]
    clone.write(ENV, "\n".join([*rows, *(f"{name}={value}" for name, value in settings.items()), ""]))
    if not clone.git("status", "--porcelain"):
        return ""
    clone.commit("Set up greylisting")
    return live(server, clone.push())


def asked(server: Server, sender: str, recipient: str = USER) -> str:
    """What the server says to a client that names this recipient on port 25."""
    with server.smtp() as session:
        session.ehlo("mx.sender.test")
        session.mail(sender)
        code, text = session.rcpt(recipient)
        return f"{code} {text.decode()}"


@pytest.mark.shows(
    "ENABLE_POSTGREY",
    "POSTGREY_DELAY",
    "POSTGREY_MAX_AGE",
    "POSTGREY_AUTO_WHITELIST_CLIENTS",
    "POSTGREY_TEXT",
)
def test_strangers_come_back_later(greylisting: Server, clone: Clone) -> None:
    """Mail from outside is deferred at first, again when it comes too early, and taken after the delay."""
    server = greylisting
    assert asked(server, "early@sender.test").startswith("250 ")
    said = set_all(server, clone, ENABLE_POSTGREY=1, POSTGREY_DELAY=4)
    assert "postgrey" in said
    assert asked(server, "early@sender.test") == f"{DEFERRED}Delayed by Postgrey"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        server.deliver(USER, sender="early@sender.test")
    made = poll(
        lambda: server.deliver(USER, sender="early@sender.test"), "the message is taken", 20, every=0.5
    )
    assert "X-Greylist: delayed" in server.wait_for_mail(USER, made)
    server.must("test", "-s", "/var/mail-state/lib-postgrey/postgrey.db")
    (seen,) = (service for service in server.status()["services"] if service["name"] == "postgrey")
    assert [(probe["name"], probe["ok"]) for probe in seen["probes"]] == [("policy", True)]

    settings = {
        "POSTGREY_MAX_AGE": 9,
        "POSTGREY_AUTO_WHITELIST_CLIENTS": 3,
        "POSTGREY_TEXT": "Come 'back' later",
    }
    set_all(server, clone, ENABLE_POSTGREY=1, POSTGREY_DELAY=4, **settings)
    assert asked(server, "another@sender.test") == f"{DEFERRED}Come 'back' later"
    running = server.must("pgrep", "-a", "-u", "postgrey")
    assert "--max-age=9 --auto-whitelist-clients=3" in running


@pytest.mark.shows("whitelist_clients.local", "whitelist_recipients")
def test_white_lists(greylisting: Server, clone: Clone) -> None:
    """A recipient and a client on the lists need not wait; the daemon that runs reads them again."""
    server = greylisting
    set_all(server, clone, ENABLE_POSTGREY=1)
    before = server.pid("postgrey")
    assert asked(server, "one@sender.test").startswith(DEFERRED)
    put(server, clone, {"config/whitelist_recipients": f"{FRIEND}\n"})
    assert asked(server, "two@sender.test", FRIEND).startswith("250 ")
    assert asked(server, "two@sender.test").startswith(DEFERRED)
    put(server, clone, {"config/whitelist_clients.local": "0.0.0.0/0\n"})
    assert asked(server, "three@sender.test").startswith("250 ")
    assert server.pid("postgrey") == before
    put(server, clone, {"config/whitelist_clients.local": ""})
    assert asked(server, "four@sender.test").startswith(DEFERRED)


def test_a_server_that_hangs_is_not_healthy(greylisting: Server, clone: Clone) -> None:
    """It still accepts connections: only an answer to a request shows that it serves."""
    server = greylisting
    set_all(server, clone, ENABLE_POSTGREY=1)
    server.must("pkill", "-STOP", "-u", "postgrey")
    try:
        poll(lambda: not server.status()["healthy"], "the hang is seen", 10)
    finally:
        server.must("pkill", "-CONT", "-u", "postgrey")
    poll(lambda: server.status()["healthy"], "it answers again", 20)


def test_off_again(greylisting: Server, clone: Clone) -> None:
    """Without the setting nobody waits, and the daemon is gone."""
    set_all(greylisting, clone)
    assert asked(greylisting, "five@sender.test").startswith("250 ")
    assert "RUNNING" not in greylisting.run("supervisorctl", "status", "postgrey").stdout
