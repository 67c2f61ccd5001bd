"""What passes every checker and leaves nobody served is taken back: the canary tries the whole way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Start
from tests.integration.polling import PATIENCE, poll
from tests.integration.server import Clone, Server

USER = "you@example.test"
LIMIT = 10.0
"""Seconds within which a server serves again."""


@dataclass(frozen=True)
class Breakage:
    """A file of `main` that every checker takes, and what the reason has to hold when it is taken back."""

    name: str
    file: str
    text: str
    says: str


MAIN, MASTER, DOVECOT = "config/postfix-main.cf", "config/postfix-master.cf", "config/dovecot.cf"
BREAKAGES = (
    Breakage(
        "policy service that does not answer",
        MAIN,
        "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9, permit\n",
        "451 4.3.5",
    ),
    Breakage("transport to nowhere", MAIN, "virtual_transport = lmtp:inet:127.0.0.1:9\n", "refused"),
    Breakage("socket that is not there", MAIN, "virtual_transport = lmtp:unix:private/nobody\n", "nobody"),
    Breakage(
        "transport of one domain",
        MAIN,
        "transport_maps = inline:{ example.test=lmtp:inet:127.0.0.1:9 }\n",
        "refused",
    ),
    Breakage("content filter to nowhere", MAIN, "content_filter = smtp:[127.0.0.1]:9\n", "refused"),
    Breakage("milter that is not there", MAIN, "smtpd_milters = inet:127.0.0.1:9\n", "refused"),
    Breakage(
        "everybody rejected as recipient", MAIN, "smtpd_recipient_restrictions = reject\n", "Access denied"
    ),
    Breakage("everybody rejected as client", MAIN, "smtpd_client_restrictions = reject\n", "Access denied"),
    Breakage("nobody may submit", MAIN, "mua_sender_restrictions = reject\n", "Access denied"),
    Breakage("log-ins are asked of nobody", MAIN, "smtpd_sasl_path = private/nobody\n", ""),
    Breakage(
        "everything discarded", MAIN, "header_checks = pcre:{ {/^Subject:/ DISCARD} }\n", "did not come"
    ),
    Breakage(
        "mail of a domain discarded", MAIN, "transport_maps = inline:{ example.test=discard: }\n", "discard"
    ),
    Breakage("no room in the queue", MAIN, "queue_minfree = 9000000000000000\n", "452 4.3.1"),
    Breakage("no space for a header", MAIN, "header_size_limit = 1\nmessage_size_limit = 10\n", "552"),
    Breakage(
        "mail location that cannot be written", DOVECOT, "mail_location = maildir:/proc/%d/%n\n", "/proc"
    ),
    Breakage("names that match nobody", DOVECOT, "auth_username_format = nobody-%Lu\n", ""),
    Breakage("no memory for sessions", DOVECOT, "service imap {\n  vsz_limit = 4M\n}\n", ""),
    Breakage("no memory for log-ins", DOVECOT, "service auth {\n  vsz_limit = 4M\n}\n", ""),
    Breakage("no memory for deliveries", DOVECOT, "service lmtp {\n  vsz_limit = 4M\n}\n", ""),
    Breakage(
        "a passdb that lets nobody in",
        DOVECOT,
        "auth_mechanisms = cram-md5\n",
        "",
    ),
    Breakage(
        "plugin that cannot be loaded by a log-in",
        DOVECOT,
        "protocol imap {\n  mail_plugins = acl\n}\nplugin {\n  acl = nothing\n}\n",
        "",
    ),
    Breakage("user that may not read mail", DOVECOT, "first_valid_uid = 6000\nlast_valid_uid = 6001\n", ""),
    Breakage("Sieve in place of mail", "config/before.dovecot.sieve", "discard;\nstop;\n", "did not come"),
)


@pytest.fixture(scope="module")
def tried(start: Start) -> Server:
    """A server of these tests, which every one of them leaves as it was."""
    server = start({"ENABLE_RSPAMD": "0", "ENABLE_CLAMAV": "0"})
    server.add_account(USER)
    poll(lambda: canary(server)["last"], "the canary ran", 30)
    return server


@pytest.fixture
def clone(tried: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of its state repo; what was pushed is taken back at the end."""
    made = tried.clone(tmp_path / "mail-state")
    before = made.git("rev-parse", "HEAD").strip()
    yield made
    made.git("fetch", "-q", "origin")
    if made.git("rev-parse", "origin/main").strip() != before:
        made.git("reset", "-q", "--hard", "origin/main")
        made.git("checkout", "-q", before, "--", ".")
        made.git("clean", "-qfd")
        for name in made.git("diff", "--name-only", "--diff-filter=A", before).splitlines():
            made.git("rm", "-qf", name)
        made.commit("Take it back")
        assert made.push().accepted
        number = tried.status()["release"]
        tried.must("mailctl", "status", "--wait", str(number))


def canary(server: Server) -> dict[str, Any]:
    """What `status` says of it."""
    found: dict[str, Any] = server.status()["canary"]
    return found


@pytest.mark.parametrize("case", BREAKAGES, ids=lambda case: case.name.replace(" ", "-"))
def test_what_serves_nobody_is_taken_back(tried: Server, clone: Clone, case: Breakage) -> None:
    """Within ten seconds, with the step, the daemon's words and the line; mail sent meanwhile arrives."""
    before = tried.status()["applied"]
    clone.write(case.file, case.text)
    clone.commit()
    pushed = clone.push()
    start = time.monotonic()
    if not pushed.accepted:  # seen by a checker by now, which is as good
        return
    release = tried.status()["release"]

    def ended() -> dict[str, Any]:
        status = tried.status()
        return status if status["attempted"] == release else {}

    status = poll(ended, "the release was tried", 2 * LIMIT)
    spent = time.monotonic() - start
    assert status["applied"] == before, canary(tried)
    assert spent < LIMIT * PATIENCE
    assert case.says in status["failure"]["reason"]
    assert status["failure"]["origin"].startswith(f"{case.file}:"), status["failure"]
    made = tried.deliver(USER)
    tried.wait_for_mail(USER, made)


LEFT_ALONE = (
    ("plugins for everything, of which doveconf warns", DOVECOT, "mail_plugins = $mail_plugins zlib\n"),
    (
        "folder below one that is a name alone",
        "config/before.dovecot.sieve",
        'require ["fileinto", "mailbox"];\nfileinto :create "Sub.Folder";\n',
    ),
    (
        "clients listed, among them loopback",
        MAIN,
        "smtpd_client_restrictions = check_client_access cidr:{ {127.0.0.0/8 REJECT} }\n",
    ),
    (
        "strange names refused",
        MAIN,
        "smtpd_helo_restrictions = reject_unknown_helo_hostname\nunknown_hostname_reject_code = 550\n"
        "smtpd_sender_restrictions = check_sender_access pcre:{ {/\\.invalid/ REJECT} }\n",
    ),
    (
        "a copy of everything by Sieve",
        "config/before.dovecot.sieve",
        'require "copy";\nredirect :copy "you@example.test";\n',
    ),
    ("two connections each", MAIN, "smtpd_client_connection_count_limit = 2\n"),
    ("no names of clients", MAIN, "smtpd_peername_lookup = no\n"),
    ("greylisting by hand", MAIN, "smtpd_recipient_restrictions = defer_if_permit, permit\n"),
    ("own mailbox domains", MAIN, "virtual_mailbox_domains = lmdb:/etc/postfix/vhost\n"),
    ("own aliases", MAIN, "virtual_alias_maps = lmdb:/etc/postfix/virtual\n"),
    ("a copy of everything", MAIN, "always_bcc = you@example.test\n"),
    (
        "senders listed",
        MAIN,
        "mua_sender_restrictions = check_sender_access inline:{ you@example.test=OK }, reject\n",
    ),
    ("own classes", MAIN, "smtpd_restriction_classes = mine\nmine = permit\n"),
    ("another format", DOVECOT, "mail_location = sdbox:/var/mail/%Ld/%Ln/boxes\n"),
    (
        "no ports for clients in the clear",
        DOVECOT,
        "service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n}\n",
    ),
)
"""Changes that are good, although the canary's own address may fare otherwise than people's."""


@pytest.mark.parametrize(("name", "file", "text"), LEFT_ALONE, ids=lambda word: word.replace(" ", "-")[:20])
def test_good_releases_stay(tried: Server, clone: Clone, name: str, file: str, text: str) -> None:
    """What only the server's own address meets takes nothing back, and its mail comes to nobody."""
    pushed = clone.change(file, text, name)
    assert pushed.accepted, pushed.said
    release = tried.status()["release"]
    status = poll(
        lambda: found if (found := tried.status())["attempted"] == release else {}, "it was tried", LIMIT
    )
    assert status["applied"] == release, status["failure"]
    assert status["canary"]["last"]["passed"]
    with tried.imap(USER) as session:
        session.select("INBOX")
        assert session.search(None, "HEADER", "Subject", '"tries itself"')[1] == [b""]


def test_nobody_sees_the_servers_own_account(tried: Server) -> None:
    """It is in no list, folder or queue, and what it does leaves nothing in the mail log."""
    before = len(tried.must("cat", "/var/log/mail/mail.log").splitlines())
    said = tried.must("mailctl", "check")
    assert "mail goes all the way through" in said
    tried.must("logger", "-p", "mail.info", "the end")

    def log() -> list[str]:
        new = tried.must("cat", "/var/log/mail/mail.log").splitlines()[before:]
        return new if any("the end" in line for line in new) else []

    assert [line for line in poll(log, "the log is written", 10) if "the end" not in line] == []
    for command in (("setup", "email", "list"), ("doveadm", "user", "*"), ("find", "/var/mail"), ("mailq",)):
        assert "canary" not in tried.must(*command)


def test_nobody_outside_writes_to_it(tried: Server) -> None:
    """Its address is refused to whoever comes from elsewhere."""
    with tried.smtp() as session:
        session.ehlo("client.sender.test")
        session.mail("someone@sender.test")
        assert session.rcpt("canary@git-mailserver.invalid")[0] == 554


def test_accounts_do_not_wait_for_it(tried: Server) -> None:
    """A change that reloads nothing runs nothing."""
    ran = canary(tried)["last"]["at"]
    tried.add_account("quick@example.test")
    assert canary(tried)["last"]["at"] == ran


FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
ROUNDS = 2


def test_formats_that_follow_each_other_quickly_stay(tried: Server, clone: Clone) -> None:
    """Dovecot remembers a passwd-file for a second; the canary's line in one follows the format."""
    for number in range(ROUNDS * len(FORMATS)):
        form = FORMATS[number % len(FORMATS)]
        inbox = ":INBOX=/var/mail/%Ld/%Ln/inbox" if form == "mbox" else ""
        tried.must("mailctl", "check")  # so that Dovecot has just read the line
        pushed = clone.change(DOVECOT, f"mail_location = {form}:/var/mail/%Ld/%Ln/{form}{inbox}\n", form)
        assert pushed.accepted, pushed.said
        status = tried_release(tried)
        assert status["applied"] == status["attempted"], (number, status["failure"])
        assert status["canary"]["last"]["passed"], (number, status["canary"])


def tried_release(server: Server) -> dict[str, Any]:
    """The status once the newest release was tried."""
    release = server.status()["release"]

    def look() -> dict[str, Any]:
        found = server.status()
        return found if found["attempted"] == release else {}

    return poll(look, "it was tried", LIMIT)
