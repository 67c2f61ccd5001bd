"""Limits of mailboxes, and mail that is fetched."""

from __future__ import annotations

import smtplib

import pytest

from tests.integration import clients
from tests.integration.dovecot_settings.box import LMTP, Box, ask
from tests.integration.dovecot_settings.group import Group
from tests.integration.polling import poll

KIB = 1024
FULL, FILLED, HALF = "full", "filled", "half"
"""Accounts whose mailboxes fill up."""


def prepare(box: Box) -> None:
    """Mailboxes to fill."""
    for name in (FULL, FILLED, HALF):
        box.server.add_account(address(name))


LIMITS = Group("limits", prepare)


@LIMITS.shows("""
    plugin {
      quota_rule = *:storage=300K:messages=8
    }
    """)
def quota_rule(box: Box) -> None:
    """Clients are told the limits (RFC 9208)."""
    with box.imap() as session:
        said = ask(session, "GETQUOTAROOT INBOX")
    assert " 300" in said.partition("STORAGE ")[2].partition(")")[0]
    assert " 8" in said.partition("MESSAGE ")[2].partition(")")[0]


@LIMITS.shows("""
    plugin {
      quota_max_mail_size = 120K
    }
    """)
def quota_max_mail_size(box: Box) -> None:
    """A larger message is not taken, however much room there is."""
    box.deliver(body(100))
    with pytest.raises(smtplib.SMTPDataError):
        box.deliver(body(130))


@LIMITS.shows("""
    plugin {
      quota_warning = storage=50%% quota-warning 50 %u
    }
    """)
def quota_warning(box: Box) -> None:
    """Who crosses this share of the limit is told."""
    half = Box(box.server, address(HALF))
    half.deliver(body(100))
    half.deliver(body(80))

    def told() -> bool:
        with half.imap() as session:
            session.select(readonly=True)
            return bool(session.search(None, "SUBJECT", '"is 50% full"')[1][0])

    poll(told, "the warning", 20, every=0.2)


@LIMITS.shows("""
    plugin {
      quota_exceeded_message = No room for more, see help.example.com
    }
    """)
def quota_exceeded_message(box: Box) -> None:
    """What a client hears that stores too much."""
    filled = Box(box.server, address(FILLED))
    fill(filled)
    with filled.imap() as session:
        status, (said,) = session.append("INBOX", "", "", filled.message().as_bytes())
    assert status == "NO"
    assert b"No room for more, see help.example.com" in said


@LIMITS.shows("quota_full_tempfail = yes\n")
def quota_full_tempfail(box: Box) -> None:
    """Mail for a full mailbox is put off, not sent back."""
    full = Box(box.server, address(FULL))
    fill(full)
    assert 400 <= refused(full) < 500


@LIMITS.shows("lmtp_rcpt_check_quota = yes\n")
def lmtp_rcpt_check_quota(box: Box) -> None:
    """It is refused before it was sent."""
    full = Box(box.server, address(FULL))
    fill(full)
    with smtplib.LMTP(box.host, LMTP, local_hostname="mx.sender.test") as session:
        session.ehlo()
        session.mail("someone@sender.test")
        assert session.rcpt(full.user)[0] in (452, 552)


@LIMITS.shows("""
    plugin {
      quota_status_overquota = "552 5.2.2 No room any more"
    }
    """)
def quota_status_overquota(box: Box) -> None:
    """What Postfix is told to say to those who write to a full mailbox."""
    full = Box(box.server, address(FULL))
    fill(full)
    asked = f"recipient={full.user}\nsize=1000\nprotocol_state=RCPT\n\n"
    said = box.server.must("nc", "-q", "1", "127.0.0.1", "65265", stdin=asked)
    assert said.startswith("action=552 5.2.2 No room any more\n")


@LIMITS.shows("pop3_uidl_format = %v-%u\n")
def pop3_uidl_format(box: Box) -> None:
    """Messages have these names."""
    box.deliver()
    with box.imap() as session:
        session.select(readonly=True)
        validity = session.untagged_responses["UIDVALIDITY"][0].decode()
        uid = session.fetch("1", "(UID)")[1][0].decode().rstrip(")").rpartition(" ")[2]
    with box.pop3() as session:
        assert session.uidl(1).endswith(f"1 {validity}-{uid}".encode())


@LIMITS.shows("pop3_no_flag_updates = yes\n")
def pop3_no_flag_updates(box: Box) -> None:
    """What is fetched stays unread."""
    made = box.deliver()
    with box.pop3() as session:
        for number in range(1, session.stat()[0] + 1):
            session.retr(number)
    assert "\\Seen" not in flags(box, str(made["Subject"]))


@LIMITS.shows("""
    pop3_delete_type = flag
    pop3_deleted_flag = Fetched
    """)
def pop3_delete_type(box: Box) -> None:
    """What is fetched and deleted stays for other clients, with this flag, and is not fetched again."""
    made = box.deliver()
    with box.pop3() as session:
        count = session.stat()[0]
        assert str(made["Subject"]).encode() in b"\n".join(session.top(count, 0)[1])
        session.dele(count)
    assert "Fetched" in flags(box, str(made["Subject"]))
    with box.pop3() as session:
        assert session.stat()[0] == count - 1


@LIMITS.shows("pop3_logout_format = fetched=%r of=%m\n")
def pop3_logout_format(box: Box) -> None:
    """The line of a logout has these figures."""
    with box.pop3() as session:
        session.stat()
    box.logged(r"pop3\(limits@example\.com\).* fetched=\d+ of=\d+$")


def address(name: str) -> str:
    """The account of that name."""
    return f"{name}.mailbox@example.com"


def body(size: int) -> str:
    """A text of so many KiB."""
    return ("x" * 63 + "\n") * (size * KIB // 64)


def fill(box: Box) -> None:
    """Deliver until no more is taken: by number, as versions differ in how far above a size they go."""
    for _ in range(9):
        if refused(box):
            return
    raise AssertionError(f"{box.user} has no limit")


def refused(box: Box) -> int:
    """The code of the refusal of a message; 0 where it is taken."""
    try:
        box.deliver()
    except smtplib.SMTPDataError as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return error.recipients[box.user][0]
    return 0


def flags(box: Box, subject: str) -> str:
    """The flags of the message with that subject."""
    with box.imap() as session:
        assert clients.found(session, subject)
        (number,) = session.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
        return ask(session, f"FETCH {number.decode()} FLAGS")
