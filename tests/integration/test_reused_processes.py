"""Dovecot's processes serve one person after the other: nothing of one may reach the next.

They also must not outlive what they know: accounts, passwords and settings.
"""

from __future__ import annotations

import imaplib
import re

import pytest

from tests.integration.edits import put_config
from tests.integration.server import PASSWORD, Clone, Server

USERS = ("user1@example.com", "user2@example.com")
TURNS = 8
OWN = "dovecot.cf"


def process(server: Server, user: str) -> int:
    """The process that serves a new session of this user (doveadm-who(1))."""
    with server.imap(user):
        said = server.must("doveadm", "who", "-1", user)
        (pid,) = set(re.findall(r"imap\s+(\d+)", said)) or {""}
        assert pid, said
        return int(pid)


def refuse(server: Server, user: str, password: str) -> None:
    """Hold that a login fails for what the server knows of the account."""
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"), server.imap(user, password):
        pass


def test_people_take_turns_in_a_process(boxes: Server) -> None:
    """Limits, folders and lines of the log are those of the person who is served now."""
    limits = dict(zip(USERS, ("12M", "24M"), strict=True))
    for user, limit in limits.items():
        boxes.must("setup", "quota", "set", user, limit)
    with boxes.imap(USERS[0]) as session:
        session.create("Private")
    served = []
    for turn in range(TURNS):
        user = USERS[turn % 2]
        served.append(process(boxes, user))
        with boxes.imap(user) as session:
            told = str(session.getquotaroot("INBOX"))
            folders = str(session.list())
        assert f"{int(limits[user][:-1]) * 1024})" in told
        assert ("Private" in folders) is (user == USERS[0])
    assert len(set(served)) < TURNS
    for pid in set(served):
        turns = [USERS[turn % 2] for turn, found in enumerate(served) if found == pid]
        lines = boxes.must("grep", "-oE", rf"imap\([^)]*\)<{pid}>", "/var/log/mail/mail.log")
        assert set(turns) <= set(re.findall(r"imap\(([^)]*)\)", lines))
    for user in USERS:
        boxes.must("setup", "quota", "del", user)


def test_settings_reach_the_next_session(boxes: Server, boxes_clone: Clone) -> None:
    """A reload ends idle processes: every later login meets the new settings, and open sessions go on."""
    process(boxes, USERS[0])
    with boxes.imap(USERS[0]) as former:
        own = "login_greeting = Changed.\nimap_capability = +XCHANGED\n"
        put_config(boxes, boxes_clone, {OWN: own})
        for turn in range(TURNS):
            with boxes.imap(USERS[turn % 2]) as session:
                assert b"Changed." in session.welcome
                assert b"XCHANGED" in session.capability()[1][0]
        assert b"XCHANGED" not in former.capability()[1][0]
        put_config(boxes, boxes_clone, {OWN: None})
        with boxes.imap(USERS[1]) as session:
            assert b"Changed." not in session.welcome
            assert b"XCHANGED" not in session.capability()[1][0]
        assert former.noop()[0] == "OK"


def test_accounts_are_not_remembered(boxes: Server) -> None:
    """A changed password and a deleted account count from the next login on, whoever served it before."""
    user = boxes.add_account("short@example.com")
    for _ in range(3):
        process(boxes, user)
    boxes.must("setup", "email", "update", user, "another one")
    refuse(boxes, user, PASSWORD)
    with boxes.imap(user, "another one") as session:
        assert session.noop()[0] == "OK"
        boxes.must("setup", "email", "del", "-y", user)
        refuse(boxes, user, "another one")


@pytest.mark.parametrize(
    "own", ["service imap {\n  service_count = 1\n}\n", "plugin {\n  mail_crypt_save_version = 2\n}\n"]
)
def test_a_process_of_ones_own(boxes: Server, boxes_clone: Clone, own: str) -> None:
    """People may ask for one, and get it with encrypted mailboxes, whose keys stay in a process's memory."""
    put_config(boxes, boxes_clone, {OWN: own})
    try:
        assert len({process(boxes, USERS[turn % 2]) for turn in range(TURNS)}) == TURNS
    finally:
        put_config(boxes, boxes_clone, {OWN: None})
