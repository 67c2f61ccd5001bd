"""Whom Postfix trusts, and whom it lets send and receive."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import clients
from tests.integration.edits import push_setting, put_config, set_to
from tests.integration.outside import Outside
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

ELSEWHERE = "someone@friends.test"
ASK = (
    "import smtplib, sys\n"
    "with smtplib.SMTP(sys.argv[1], 25, timeout=20) as s:\n"
    "    s.ehlo('mx.sender.test'); s.mail('a@sender.test'); print(*s.rcpt(sys.argv[2]))\n"
)


@pytest.fixture
def clone(private: Server, tmp_path: Path) -> Iterator[Clone]:
    """A clone of the server's state repo; nobody is trusted afterwards."""
    made = private.clone(tmp_path / "mail-state")
    yield made
    set_to(private, made, "PERMIT_DOCKER", "none")


@pytest.mark.shows("PERMIT_DOCKER", "NETWORK_INTERFACE")
def test_permit_docker(private: Server, outside: Outside, clone: Clone) -> None:
    """Each mode relays for those it names: loopback, the container, the host, whole networks."""

    def trusted() -> list[bool]:
        answers = [
            private.must("python3", "-c", ASK, "127.0.0.1", ELSEWHERE),
            private.must("python3", "-c", ASK, outside.PRIVATE, ELSEWHERE),
            _from_host(private),
            outside.tries(outside.PRIVATE, "a@sender.test", ELSEWHERE),
        ]
        assert all(answer.startswith(("250 ", "554 ")) for answer in answers), answers
        return [answer.startswith("250 ") for answer in answers]

    assert trusted() == [False, False, False, False]
    modes = {
        "container": [True, True, False, False],
        "host": [True, False, True, False],
        "network": [True, False, False, False],  # 192.168.2.0/24 is not in it, as the reference warns
        "connected-networks": [True, True, True, True],
    }
    for mode, expected in modes.items():
        set_to(private, clone, "PERMIT_DOCKER", mode)
        assert trusted() == expected, mode
    assert private.must("postconf", "-h", "mynetworks").split()[2:] == ["192.168.2.0/24"]
    set_to(private, clone, "NETWORK_INTERFACE", "eth9")  # the mode in effect has nothing to do with it
    refused = push_setting(clone, "PERMIT_DOCKER", "container")
    assert not refused.accepted
    assert "eth9" in refused.said
    set_to(private, clone, "NETWORK_INTERFACE", "eth0")


@pytest.mark.shows("PERMIT_DOCKER")
def test_who_is_trusted_may_send_all_at_once(private: Server, clone: Clone) -> None:
    """Printers and scripts do not wait for the answers in between; of strangers it is refused."""
    mine = private.add_account("scans@example.com")
    assert _all_at_once(private, mine) == ["250", "250", "503", "554"]
    set_to(private, clone, "PERMIT_DOCKER", "host")
    assert _all_at_once(private, mine) == ["250", "250", "250", "354"]


def _all_at_once(server: Server, recipient: str) -> list[str]:
    """The answers to HELO, MAIL, RCPT and DATA that came in one piece, after the greeting."""
    words = f"HELO printer.test\r\nMAIL FROM:<>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
    with socket.create_connection(("127.0.0.1", server.port(25)), clients.SECONDS) as connection:
        answers = connection.makefile("r", encoding="ascii", newline="\r\n")
        while answers.readline()[3:4] == "-":  # postscreen's teaser goes before the greeting
            pass
        connection.sendall(words.encode())
        return [answers.readline()[:3] for _ in range(4)]


def _from_host(server: Server) -> str:
    """What port 25 says to the machine that the containers run on, seen as the network's gateway."""
    with server.smtp() as session:
        session.ehlo()
        session.mail("a@sender.test")
        code, text = session.rcpt(ELSEWHERE)
    return f"{code} {text.decode()}"


@pytest.mark.shows("postfix-send-access.cf", "postfix-receive-access.cf")
def test_restricted_users(private: Server, outside: Outside, clone: Clone) -> None:
    """Who must not send cannot, under any address; who must not receive gets nothing from anybody."""
    mute, deaf = private.add_account("mute@example.com"), private.add_account("deaf@example.com")
    reloads = private.must("grep", "-c", "postfix/master.*reload", "/var/log/mail/mail.log")
    send, receive = "postfix-send-access.cf", "postfix-receive-access.cf"
    put_config(private, clone, {send: f"{mute} REJECT\n", receive: f"{deaf} REJECT\n"})
    for sender in (mute, "other@example.com"):
        with private.submission(mute) as session, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            session.send_message(clients.message(sender, deaf), sender, [ELSEWHERE])
        assert refused.value.recipients[ELSEWHERE][0] == 554
    with private.submission(deaf) as session, pytest.raises(smtplib.SMTPRecipientsRefused):
        session.send_message(clients.message(deaf, deaf))
    assert outside.tries(outside.PRIVATE, "a@sender.test", deaf).startswith("554 ")
    assert outside.tries(outside.PRIVATE, "a@sender.test", mute).startswith("250 ")
    with private.submission(deaf) as session:
        session.send_message(clients.message(deaf, mute))
    assert private.must("grep", "-c", "postfix/master.*reload", "/var/log/mail/mail.log") == reloads
    put_config(private, clone, {send: None, receive: None})
    assert outside.tries(outside.PRIVATE, "a@sender.test", deaf).startswith("250 ")


@pytest.mark.shows("ENABLE_QUOTAS", "dovecot-quotas.cf")
def test_a_full_mailbox_is_told_to_the_sender(private: Server, outside: Outside, clone: Clone) -> None:
    """A message that does not fit is refused while its sender is still there, and only for that user."""
    full, other = private.add_account("full@example.com"), private.add_account("roomy@example.com")
    files = {"postfix-virtual.cf": f"alias@example.com {full}\n", "dovecot-quotas.cf": f"{full}:10k\n"}
    put_config(private, clone, files)
    made = private.deliver(full, body="x" * 9000)
    private.wait_for_mail(full, made)

    def answers() -> list[tuple[int, bytes]]:
        with private.smtp() as session:
            session.ehlo()
            session.mail("a@sender.test", [f"size={20_000}"])
            found = [session.rcpt(user) for user in (full, "alias@example.com", other)]
        return found if found[0][0] != 250 else []

    said = poll(answers, "the mailbox is full", 20)
    assert [code for code, _ in said] == [552, 552, 250]
    assert b"Mailbox is full" in said[0][1]
    put_config(private, clone, dict.fromkeys(files))
    poll(
        lambda: outside.tries(outside.PRIVATE, "a@sender.test", full).startswith("250 "),
        "room in the mailbox",
        20,
    )


@pytest.mark.shows("SPOOF_PROTECTION")
def test_users_send_from_their_own_addresses(private: Server, clone: Clone) -> None:
    """With protection a login sends as itself and as its aliases, and as nobody else."""
    user = private.add_account("honest@example.com")
    put_config(private, clone, {"postfix-virtual.cf": f"team@example.com {user}\n"})
    set_to(private, clone, "SPOOF_PROTECTION", "1")
    tagged = "honest+tag@example.com"  # an extension is for getting mail
    for sender, code in ((user, 250), ("team@example.com", 250), ("boss@example.com", 553), (tagged, 553)):
        with private.submission(user) as session:
            session.mail(sender)
            assert session.rcpt(ELSEWHERE)[0] == code, sender
    set_to(private, clone, "SPOOF_PROTECTION", "0")
    with private.submission(user) as session:
        session.mail("boss@example.com")
        assert session.rcpt(ELSEWHERE)[0] == 250
    put_config(private, clone, {"postfix-virtual.cf": None})


OWN_MAIN = """\
# increase the compatibility level from 2 (default) to 3
compatibility_level = 3
# set a threshold value for Spam detection
postscreen_dnsbl_threshold = 4
"""
OWN_MASTER = """\
# adjust the submission "reject_unlisted_recipient" option
submission/inet/smtpd_reject_unlisted_recipient=no
"""


@pytest.mark.shows("postfix", "postfix-main.cf", "postfix-master.cf")
def test_own_parameters(private: Server, clone: Clone) -> None:
    """The two files of the guide, word for word: in effect at once, and gone with the files."""
    put_config(private, clone, {"postfix-main.cf": OWN_MAIN, "postfix-master.cf": OWN_MASTER})
    assert private.must("postconf", "-h", "compatibility_level", "postscreen_dnsbl_threshold") == "3\n4\n"
    assert private.must("postconf", "-n").count("compatibility_level") == 1
    option = "submission/inet/smtpd_reject_unlisted_recipient"
    assert private.must("postconf", "-P", option).strip() == f"{option} = no"
    put_config(private, clone, {"postfix-main.cf": None, "postfix-master.cf": None})
    assert private.must("postconf", "-h", "compatibility_level").strip() == "3.6"
    assert private.run("postconf", "-P", option).stdout.strip() in ("", f"{option} =")
