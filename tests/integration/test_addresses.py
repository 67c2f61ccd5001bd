"""Aliases of every kind, word for word from the reference's user management and FAQ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.edits import put_config, set_to
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

VIRTUAL = "postfix-virtual.cf"


@pytest.fixture
def clone(private: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of the server's state repo; aliases and overrides are gone afterwards."""
    made = private.clone(tmp_path / "mail-state")
    yield made
    files = ("postfix-virtual.cf", "postfix-regexp.cf", "postfix-aliases.cf", "postfix-main.cf", "dovecot.cf")
    put_config(private, made, dict.fromkeys(files))


@pytest.fixture
def user1(private: Server) -> str:
    """The account of the examples."""
    if "user1@example.com" not in private.must("setup", "email", "list"):
        private.add_account("user1@example.com")
    return "user1@example.com"


@pytest.mark.shows("postfix-virtual.cf", "postfix-regexp.cf", "user-management")
def test_aliases_tags_and_patterns(private: Server, clone: Clone, user1: str) -> None:
    """An alias, an alias by pattern, and a tag behind a + on each of them reach the mailbox."""
    qa = private.add_account("qa@example.com")
    files = {
        VIRTUAL: "# Alias delivered to an existing account\nalias1@example.com user1@example.com\n",
        "postfix-regexp.cf": "/^test[0-9][0-9]*@example.com/ qa@example.com\n",
    }
    put_config(private, clone, files)
    for address, box in (
        ("alias1@example.com", user1),
        ("user1+tag@example.com", user1),
        ("alias1+tag@example.com", user1),
        ("test42@example.com", qa),
    ):
        private.wait_for_mail(box, private.deliver(address))


@pytest.mark.shows("user-management", "postfix-main.cf", "dovecot.cf")
def test_another_delimiter(private: Server, clone: Clone, user1: str) -> None:
    """The same line in both overrides changes what begins a tag."""
    line = "recipient_delimiter = -\n"
    put_config(private, clone, {"postfix-main.cf": line, "dovecot.cf": line})
    private.wait_for_mail(user1, private.deliver("user1-tag@example.com"))


@pytest.mark.shows("faq", "postfix-virtual.cf")
def test_catch_all(private: Server, clone: Clone, user1: str) -> None:
    """Mail for a whole domain goes to one mailbox, also to one in another domain."""
    put_config(
        private, clone, {VIRTUAL: "@example.com user1@example.com\n@only-aliases.test user1@example.com\n"}
    )
    for address in ("anybody@example.com", "anybody+tag@example.com", "x@only-aliases.test"):
        private.wait_for_mail(user1, private.deliver(address))


@pytest.mark.shows("faq", "postfix-aliases.cf")
def test_mail_for_nobody(private: Server, clone: Clone, user1: str) -> None:
    """The FAQ's way to throw mail away, also under a catch-all of the host's own name."""
    hello = private.add_account("hello@example.com")
    files = {"postfix-aliases.cf": "devnull: /dev/null\n", VIRTUAL: "baduser@example.com devnull\n"}
    put_config(private, clone, files)
    _thrown_away(private, "baduser@example.com")
    lines = (
        "@mail.example.com hello@example.com",
        files[VIRTUAL].strip(),
        "devnull@mail.example.com devnull",
    )
    put_config(private, clone, {VIRTUAL: "\n".join(lines) + "\n"})
    _thrown_away(private, "baduser@example.com")
    private.wait_for_mail(hello, private.deliver("somebody@mail.example.com"))


def _thrown_away(server: Server, address: str) -> None:
    made = server.deliver(address)
    identity = re.escape(str(made["Message-ID"]))
    log = "/var/log/mail/mail.log"
    queue_id = poll(
        lambda: server.run("grep", "-E", f"message-id={identity}", log).stdout, "it is queued", 15
    )
    key = queue_id.split("cleanup[")[1].split(": ")[1]
    sent = poll(lambda: server.run("grep", f"{key}: to=.*status=sent", log).stdout, "it is delivered", 15)
    assert "delivered to file: /dev/null" in sent


@pytest.mark.shows("faq", "postfix-main.cf")
def test_an_account_at_the_hosts_own_name(private: Server, clone: Clone, user1: str) -> None:
    """Aliases and accounts there work, with the override of the FAQ and without."""
    put_config(private, clone, {VIRTUAL: "info@mail.example.com user1@example.com\n"})
    private.wait_for_mail(user1, private.deliver("info@mail.example.com"))
    put_config(private, clone, {"postfix-main.cf": "mydestination = localhost.$mydomain, localhost\n"})
    private.wait_for_mail(user1, private.deliver("info@mail.example.com"))
    own = private.add_account("me@mail.example.com")
    private.wait_for_mail(own, private.deliver(own))
    assert "BOTH mydestination" not in private.must("cat", "/var/log/mail/mail.log")
    private.must("setup", "email", "del", "-y", own)


def test_an_account_with_a_plus_in_its_name_gets_its_mail(private: Server, clone: Clone) -> None:
    """It is an account like any other, whether or not the shorter name is one."""
    address = private.add_account("user1+shop@example.com")
    private.wait_for_mail(address, private.deliver(address))
    put_config(private, clone, {VIRTUAL: f"orders@example.com {address}\nuser1@example.com qa@example.com\n"})
    private.wait_for_mail(address, private.deliver("orders@example.com"))
    private.wait_for_mail(address, private.deliver(address))
    private.must("setup", "email", "del", "-y", address)


@pytest.mark.shows("faq", "OVERRIDE_HOSTNAME")
def test_a_bare_domain(private: Server, clone: Clone, user1: str) -> None:
    """A server that is called as its mail domain delivers, with the FAQ's override and without."""
    set_to(private, clone, "OVERRIDE_HOSTNAME", "example.com")
    private.wait_for_mail(user1, private.deliver(user1))
    put_config(private, clone, {"postfix-main.cf": "mydestination = localhost.$mydomain, localhost\n"})
    private.wait_for_mail(user1, private.deliver(user1))
    assert "BOTH mydestination" not in private.must("cat", "/var/log/mail/mail.log")
    set_to(private, clone, "OVERRIDE_HOSTNAME", "")
