"""A mailbox does not grow beyond its limit, and its user is warned in time."""

from __future__ import annotations

import smtplib

import pytest

from tests.integration import clients
from tests.integration.edits import put
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

FULL, OTHER = "full@example.com", "user1@example.com"
ENV = "mailserver.env"
QUOTAS = "config/dovecot-quotas.cf"
VIRTUAL = "config/postfix-virtual.cf"


def root(server: Server, user: str = FULL) -> str:
    """What a client sees of the limit."""
    with server.imap(user) as session:
        _, parts = session.getquotaroot("INBOX")
    return b" ".join(part for part in parts[1] if isinstance(part, bytes)).decode()


@pytest.mark.shows("dovecot-quotas.cf", "ENABLE_QUOTAS", "user-management", "POSTMASTER_ADDRESS")
def test_a_limit_holds_everywhere(boxes: Server, boxes_clone: Clone) -> None:
    """Clients see the limit and are stopped by it; a warning comes; Postfix refuses what is over it."""
    aliases = f"alias@example.com {FULL}\nboth@example.com {FULL},{OTHER}\n"
    said = put(boxes, boxes_clone, {QUOTAS: f"{FULL}:30k\n", VIRTUAL: aliases})
    assert "quota.set" in said
    assert not [line for line in said.splitlines() if "  dovecot " in line and "reload" in line], said
    assert root(boxes) == '"User quota" (STORAGE 0 30)'

    made = boxes.deliver(FULL, body="x" * 76 + "\n" + ("y" * 76 + "\n") * 350)
    boxes.wait_for_mail(FULL, made)

    def warned() -> bool:
        with boxes.imap(FULL) as session:
            return "80% full" in clients.found(session, "Your mailbox is 80% full")

    poll(warned, "the warning arrives", 20)
    with boxes.imap(FULL) as session:
        status, answer = session.append("INBOX", "", "", b"Subject: more\r\n\r\n" + b"z" * 9000)
    assert status == "NO"
    assert b"[OVERQUOTA]" in answer[0]

    # The one that crosses the limit by less than a tenth is taken, the next one is not.
    boxes.deliver(FULL, body=("y" * 76 + "\n") * 50)
    for recipient in (FULL, "alias@example.com"):
        answer_to = poll(lambda r=recipient: refusal(boxes, r), f"{recipient} is refused", 20)
        assert answer_to == (552, b"5.2.2")
    assert refusal(boxes, OTHER) is None


def refusal(server: Server, recipient: str) -> tuple[int, bytes] | None:
    """How mail for a recipient is refused; None where it is taken."""
    with server.smtp() as session:
        session.ehlo()
        session.mail("someone@sender.test", ["size=9000"])
        code, text = session.rcpt(recipient)
    return None if code == 250 else (code, text.split()[0])


@pytest.mark.shows("dovecot-quotas.cf")
def test_mail_for_one_full_mailbox_of_several_goes_back(boxes: Server) -> None:
    """An alias of several mailboxes is taken; the others have it, and the sender hears of the full one."""
    made = clients.message(OTHER, "both@example.com", body=("y" * 76 + "\n") * 80)
    with boxes.submission(OTHER) as session:
        session.send_message(made)
    boxes.wait_for_mail(OTHER, made)

    def notice() -> str:
        with boxes.imap(OTHER) as session:
            return clients.found(session, "Undelivered Mail Returned to Sender")

    assert "Quota exceeded" in poll(notice, "a notice comes back", 20)


@pytest.mark.shows("POSTFIX_MAILBOX_SIZE_LIMIT", "POSTFIX_MESSAGE_SIZE_LIMIT")
def test_a_raised_limit_and_the_default_of_all(boxes: Server, boxes_clone: Clone) -> None:
    """A new limit holds at once; accounts without one have the setting's; messages have one too."""
    boxes_clone.back()
    env = (boxes_clone.path / ENV).read_text()
    limits = "POSTFIX_MAILBOX_SIZE_LIMIT=2048000\nPOSTFIX_MESSAGE_SIZE_LIMIT=50000\n"
    put(boxes, boxes_clone, {QUOTAS: f"{FULL}:10M\n", ENV: f"{env}\n{limits}"})
    assert root(boxes).endswith(" 10240)")
    assert root(boxes, "user2@example.com").endswith(" 2000)")
    boxes.wait_for_mail(FULL, boxes.deliver(FULL))
    with boxes.imap(FULL) as session:
        assert session.append("INBOX", "", "", b"Subject: large\r\n\r\n" + b"z" * 60000)[0] == "NO"
    with boxes.smtp() as session, pytest.raises(smtplib.SMTPSenderRefused):
        session.sendmail("a@sender.test", [FULL], b"Subject: large\r\n\r\n" + b"z" * 60000)

    put(boxes, boxes_clone, {ENV: f"{env}\nENABLE_QUOTAS=0\n"})
    with boxes.imap(FULL) as session:
        assert "QUOTA" not in session.capabilities
    put(boxes, boxes_clone, {ENV: env, QUOTAS: ""})
    assert "STORAGE" not in root(boxes)


@pytest.mark.shows("dovecot-quotas.cf")
def test_one_warning_at_once_and_a_note_when_there_is_room_again(boxes: Server, boxes_clone: Clone) -> None:
    """A message that crosses both thresholds warns of the higher one; then there is room again."""
    user = boxes.add_account("warned@example.com")
    put(boxes, boxes_clone, {QUOTAS: f"{user}:100k\n"})
    large = boxes.deliver(user, body=("y" * 76 + "\n") * 1250)
    boxes.wait_for_mail(user, large)
    poll(lambda: "95%" in _told(boxes, user), "the warning arrives", 20)
    boxes.deliver(user, body=("y" * 76 + "\n") * 60)
    poll(lambda: _used(boxes, user) > 100, "the mailbox is over its limit", 20)
    with boxes.imap(user) as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", r"(\Deleted)")
        session.expunge()
    poll(lambda: "takes mail again" in _told(boxes, user), "the note arrives", 20)
    assert "80%" not in _told(boxes, user)
    assert _told(boxes, user).count("95%") == 1
    put(boxes, boxes_clone, {QUOTAS: ""})


def _used(server: Server, user: str) -> int:
    """KiB in use."""
    return int(root(server, user).rpartition("STORAGE ")[2].split()[0])


def _told(server: Server, user: str) -> str:
    """The subjects of what the server wrote to a user."""
    with server.imap(user) as session:
        session.select("INBOX", readonly=True)
        _, rows = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        subjects = [row[1].decode() for row in rows if isinstance(row, tuple)]
    return " ".join(subject for subject in subjects if "Your mailbox" in subject)
