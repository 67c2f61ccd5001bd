"""Filters of the administrator and of users, and the programs that they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration import clients
from tests.integration.edits import put
from tests.integration.managesieve import ManageSieve, Refused, managesieve
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Clone, Server

USER, OTHER = "user1@example.com", "user2@example.com"
HOME = "/var/mail/example.com/user1/home"
OWN = f"config/{USER}.dovecot.sieve"

BY_SENDER = """\
require ["fileinto", "reject"];

if address :contains ["From"] "spam@spam.com" {
 fileinto "INBOX.spam";
} else {
 keep;
}
"""
COPY = f"""\
require ["copy"];

redirect :copy "{OTHER}";
"""
PIPE = """\
require ["vnd.dovecot.pipe"];
pipe "external-program";
"""
FILTER = """\
require ["vnd.dovecot.filter"];
filter "external-filter";
"""
BY_TAG = """\
require ["envelope", "fileinto", "mailbox", "subaddress", "variables"];

if envelope :detail :matches "to" "*" {
 set :lower :upperfirst "tag" "${1}";
 if mailboxexists "INBOX.${1}" {
 fileinto "INBOX.${1}";
 } else {
 fileinto :create "INBOX.${tag}";
 }
}
"""


@contextmanager
def editor(server: Server, user: str = USER) -> Iterator[ManageSieve]:
    """A Sieve editor's session."""
    with managesieve("127.0.0.1", server.port(4190), user, PASSWORD) as session:
        yield session


@pytest.mark.shows("<address>.dovecot.sieve", "mail-sieve")
def test_a_script_sorts_by_sender(boxes: Server, boxes_clone: Clone) -> None:
    """The page's example: mail of one sender goes to a folder, made and subscribed; the rest stays."""
    put(boxes, boxes_clone, {OWN: BY_SENDER})
    with boxes.imap(USER) as session:
        assert session.list('""', "INBOX.spam")[1] == [None]
    made = clients.message("spam@spam.com", USER)
    with boxes.smtp() as session:
        session.send_message(made, "someone@sender.test", [USER])
    boxes.wait_for_mail(USER, made, "INBOX.spam")
    with boxes.imap(USER) as session:
        assert b"INBOX.spam" in session.lsub('""', "INBOX.spam")[1][0]
    boxes.wait_for_mail(USER, boxes.deliver(USER, "friend@sender.test"))


@pytest.mark.shows("<address>.dovecot.sieve", "mail-sieve")
def test_a_script_sends_copies_on(boxes: Server, boxes_clone: Clone) -> None:
    """The page's example of forwarding; removing the file undoes it."""
    put(boxes, boxes_clone, {OWN: COPY})
    made = boxes.deliver(USER)
    boxes.wait_for_mail(USER, made)
    boxes.wait_for_mail(OTHER, made)
    put(boxes, boxes_clone, {OWN: ""})
    made = boxes.deliver(USER)
    boxes.wait_for_mail(USER, made)
    assert boxes.run("test", "-e", f"/usr/lib/dovecot/sieve-personal/{USER}.sieve").returncode


@pytest.mark.shows("before.dovecot.sieve", "mail-sieve")
def test_tags_have_folders(boxes: Server, boxes_clone: Clone) -> None:
    """The page's example of sorting by subaddress, for everybody."""
    put(boxes, boxes_clone, {"config/before.dovecot.sieve": BY_TAG})
    made = boxes.deliver("user1+mailing-lists@example.com")
    boxes.wait_for_mail(USER, made, "INBOX.Mailing-lists")
    put(boxes, boxes_clone, {"config/before.dovecot.sieve": ""})


def test_scripts_are_compiled_where_they_lie(boxes: Server, boxes_clone: Clone) -> None:
    """Nothing is left to compile for a delivery, and only the new script runs."""
    path = "config/before.dovecot.sieve"
    begin = len(boxes.must("cat", "/var/log/mail/mail.log"))
    for word in ("one", "two"):
        tagged = BY_SENDER.replace("spam@spam.com", f"{word}@spam.com")
        put(boxes, boxes_clone, {path: tagged, OWN: tagged})
        boxes.wait_for_mail(USER, boxes.deliver(USER, "friend@sender.test"))
    put(boxes, boxes_clone, {path: "", OWN: ""})
    said = boxes.must("cat", "/var/log/mail/mail.log")[begin:]
    assert ".mail-agent~" not in said
    assert "pre-compiled" not in said


@pytest.mark.shows("sieve-pipe/", "sieve-filter/", "after.dovecot.sieve", "mail-sieve")
def test_programs_get_and_change_messages(boxes: Server, boxes_clone: Clone) -> None:
    """`pipe` hands a message to a program, `filter` takes what one prints; with the file it goes."""
    put(
        boxes,
        boxes_clone,
        {
            "config/sieve-filter/external-filter": "#!/bin/sh\nsed s/Hello/Filtered/\n",
            "config/sieve-pipe/external-program": "#!/bin/sh\nid -un > /tmp/piped; cat >> /tmp/piped\n",
            OWN: FILTER,
            "config/after.dovecot.sieve": PIPE,
        },
    )
    made = boxes.deliver(USER)
    piped = poll(lambda: boxes.run("cat", "/tmp/piped").stdout, "the program ran", 20)
    assert piped.startswith("vmail\n")
    assert str(made["Subject"]) in piped
    assert "Filtered." in piped
    assert boxes.must("stat", "-c", "%U %a", "/usr/lib/dovecot/sieve-pipe/external-program") == "root 755\n"

    put(boxes, boxes_clone, {OWN: "", "config/after.dovecot.sieve": ""})
    put(boxes, boxes_clone, dict.fromkeys(["config/sieve-filter/external-filter"], ""))
    assert boxes.must("find", "/usr/lib/dovecot/sieve-filter", "-type", "f") == ""
    assert "Hello." in boxes.wait_for_mail(USER, boxes.deliver(USER))


@pytest.mark.shows("ENABLE_MANAGESIEVE", "mail-sieve", "<address>.dovecot.sieve")
def test_users_upload_their_own(boxes: Server, boxes_clone: Clone) -> None:
    """What a user activates goes before the administrator's script, which stays in reserve."""
    put(boxes, boxes_clone, {OWN: 'require ["fileinto", "mailbox"];\nfileinto :create "Theirs";\n'})
    with editor(boxes) as session:
        assert session.scripts() == {"administrator": True}
        boxes.wait_for_mail(USER, boxes.deliver(USER), "Theirs")
        with pytest.raises(Refused, match="line 1"):
            session.command('PUTSCRIPT "broken"', "nonsense")
        script = 'require ["fileinto", "mailbox"];\nfileinto :create "Mine";\n'
        session.command('PUTSCRIPT "mine"', script)
        session.command('SETACTIVE "mine"')
        assert session.scripts()["mine"]
        boxes.wait_for_mail(USER, boxes.deliver(USER), "Mine")
        assert boxes.must("readlink", f"{HOME}/.dovecot.sieve") == "sieve/mine.sieve\n"
        assert boxes.must("cat", f"{HOME}/sieve/mine.sieve").replace("\r", "") == script
        assert "mine ACTIVE" in boxes.must("doveadm", "sieve", "list", "-u", USER)

        put(boxes, boxes_clone, {OWN: 'require ["fileinto", "mailbox"];\nfileinto :create "Newer";\n'})
        boxes.wait_for_mail(USER, boxes.deliver(USER), "Mine")
        session.command('SETACTIVE ""')
    boxes.wait_for_mail(USER, boxes.deliver(USER), "Newer")
    put(boxes, boxes_clone, {OWN: ""})
    boxes.wait_for_mail(USER, boxes.deliver(USER))
