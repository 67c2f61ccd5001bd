"""Mail goes in and out as real clients send and read it."""

from __future__ import annotations

import smtplib

import pytest

from tests.integration import clients
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server


def test_mail_from_outside_is_delivered_and_read(server: Server) -> None:
    """A message handed in on port 25 is read by IMAP over TLS."""
    user = server.add_account("flow1@example.test")
    made = server.deliver(user, body="From far away.")
    assert "From far away." in server.wait_for_mail(user, made)


@pytest.mark.shows("understanding-the-ports")
def test_port_25_offers_starttls_and_no_login(server: Server) -> None:
    """Other servers may encrypt; nobody logs in there, and SMTPUTF8 is not offered."""
    with server.smtp() as session:
        session.ehlo()
        assert session.has_extn("starttls")
        assert not session.has_extn("auth")
        assert not session.has_extn("smtputf8")
        session.starttls(context=clients.any_certificate())
        session.ehlo()
        assert not session.has_extn("auth")


def test_mail_that_leads_nowhere_goes_back_at_once(server: Server) -> None:
    """An alias to an account that is not there, and an account that was deleted while its mail waited."""
    sender, gone = server.add_account("sends@example.test"), server.add_account("gone@example.test")
    server.must("setup", "alias", "add", "dead-end@example.test", "never-was@example.test")
    for recipient in ("dead-end@example.test", "dead-end+tag@example.test"):
        _comes_back(server, sender, recipient)
    table = server.must("postconf", "-xh", "lmtp_reply_filter").strip()
    for address, code in ((gone, "450 4.1.1"), (gone.upper(), "450 4.1.1"), ("never-was@example.test", "")):
        said = f"550 5.1.1 <{address}> User doesn't exist: {address}"
        assert server.run("postmap", "-q", said, table).stdout[:9] == code, address
    server.must("postconf", "-e", "defer_transports = lmtp")
    server.must("postfix", "reload")
    waiting = _send(server, sender, gone)
    poll(lambda: gone in server.must("postqueue", "-p"), "the message waits", 20)
    server.must("setup", "email", "del", "-y", gone)
    server.must("postconf", "-X", "defer_transports")
    server.must("postfix", "reload")
    server.must("postqueue", "-f")
    _is_back(server, sender, waiting)


def test_programs_in_the_container_deliver_by_lmtp(server: Server) -> None:
    """On port 24 of loopback alone; a script's lmtp-master.inc would be read."""
    user = server.add_account("by-lmtp@example.test")
    made = clients.message("someone@sender.test", user)
    server.must("python3", "-c", LMTP, user, stdin=made.as_string())
    server.wait_for_mail(user, made)
    listening = server.must("ss", "-Hltn", "sport = :24").split()
    assert [word for word in listening if word.endswith(":24")] == ["127.0.0.1:24"]
    assert server.must("cat", "/etc/mailname") == "example.test\n"
    assert "!include_try lmtp-master.inc" in server.must("cat", "/etc/dovecot/conf.d/10-master.conf")


LMTP = (
    "import smtplib, sys\n"
    "with smtplib.LMTP('127.0.0.1', 24, timeout=20) as lmtp:\n"
    "    lmtp.sendmail('someone@sender.test', [sys.argv[1]], sys.stdin.read())\n"
)


def _send(server: Server, sender: str, recipient: str) -> str:
    made = clients.message(sender, recipient)
    with server.submission(sender) as session:
        session.send_message(made)
    return str(made["Subject"])


def _comes_back(server: Server, sender: str, recipient: str) -> None:
    _is_back(server, sender, _send(server, sender, recipient))


def _is_back(server: Server, sender: str, subject: str) -> None:
    """Wait for the notice that quotes the message with that subject."""

    def notice() -> str:
        with server.imap(sender) as session:
            session.select("INBOX", readonly=True)
            _, rows = session.fetch("1:*", "(BODY.PEEK[])")
        texts = (row[1].decode() for row in rows if isinstance(row, tuple))
        return next((text for text in texts if subject in text), "")

    assert "Status: 5.1.1" in poll(notice, f"{subject} comes back", 20)


@pytest.mark.shows("understanding-the-ports")
@pytest.mark.parametrize("way", ["submission", "submissions"])
def test_submission_needs_a_login_and_delivers(server: Server, way: str) -> None:
    """587 with STARTTLS and 465 take mail of a logged-in user and keep what is private."""
    sender = server.add_account(f"{way}-from@example.test")
    recipient = server.add_account(f"{way}-to@example.test")
    made = clients.message(sender, recipient, User_Agent="Gossip/1.0", X_Originating_IP="192.0.2.77")
    with getattr(server, way)(sender) as session:
        session.send_message(made)
    stored = server.wait_for_mail(recipient, made)
    assert "Gossip" not in stored
    assert "192.0.2.77" not in stored
    assert "laptop.test" not in stored


@pytest.mark.shows("understanding-the-ports")
def test_submission_refuses_without_a_login(server: Server) -> None:
    """Neither mail nor a password in the clear is taken on 587 before TLS and login."""
    with smtplib.SMTP("127.0.0.1", server.port(587), local_hostname="laptop.test", timeout=20) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.mail("someone@sender.test")[0] == 530
        session.starttls(context=clients.any_certificate())
        session.ehlo()
        assert session.has_extn("auth")
        session.mail("someone@sender.test")
        assert session.rcpt("someone@sender.test")[0] >= 500


def test_a_wrong_password_is_refused(server: Server) -> None:
    """A login with a wrong password fails on submission."""
    user = server.add_account("wrong@example.test")
    with pytest.raises(smtplib.SMTPAuthenticationError), server.submissions(user, "not it"):
        pass


def test_nobody_relays(server: Server) -> None:
    """Port 25 takes nothing for other domains, nor for users that do not exist."""
    server.add_account("relay@example.test")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        server.deliver("victim@new.test")
    assert refused.value.recipients["victim@new.test"][0] == 554
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        server.deliver("nobody@example.test")
    code, text = refused.value.recipients["nobody@example.test"]
    assert code == 550
    assert b"virtual mailbox table" in text


@pytest.mark.shows("imap-folders")
def test_special_folders_appear_at_the_first_login(server: Server) -> None:
    """Drafts, Junk, Sent and Trash are there, with their special use."""
    user = server.add_account("folders@example.test")
    with server.imap(user, PASSWORD) as session:
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes))
    for folder in (b"\\Drafts", b"\\Junk", b"\\Sent", b"\\Trash"):
        assert folder in listed
