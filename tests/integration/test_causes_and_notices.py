"""Causes, notices and values as people meet them on a running server."""

from __future__ import annotations

import pytest

from controlplane.statefiles.rspamd_files import NAMES
from tests.integration.polling import poll
from tests.integration.server import Clone, Server

DEVICES = """\
10587     inet  n       -       n       -       -       smtpd
  -o syslog_name=postfix/devices
  -o { smtpd_client_restrictions = permit_mynetworks, reject }
keeping   unix  -       n       n       -       -       pipe
  flags=Rq user=nobody argv=/bin/cat ${recipient}
keeping/unix/syslog_name=postfix/keeping
"""


@pytest.mark.shows("postfix-master.cf")
def test_a_service_in_the_form_of_master_serves(server: Server, clone: Clone) -> None:
    """A port of one's own answers after the push, with its options, and is gone with the file."""
    push = clone.change("config/postfix-master.cf", DEVICES)
    assert push.accepted, push.said
    assert "adds or replaces a service (lines 1, 4)" in push.said

    def greets() -> bool:
        told = server.run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/10587 && head -c3 <&3")
        return told.stdout == "220"

    poll(greets, "the new port greets", 30)
    held = server.must("postconf", "-P", "10587/inet/smtpd_client_restrictions", "keeping/unix/syslog_name")
    assert held.splitlines() == [
        "10587/inet/smtpd_client_restrictions = permit_mynetworks, reject",
        "keeping/unix/syslog_name = postfix/keeping",
    ]
    (clone.path / "config/postfix-master.cf").unlink()
    clone.commit("Take the port away")
    assert clone.push().accepted
    poll(lambda: not greets(), "the port is closed", 30)


def test_what_master_would_end_with_is_refused(server: Server, clone: Clone) -> None:
    """By its line, and with nothing changed."""
    before = server.rev("main")
    push = clone.change("config/postfix-master.cf", f"{DEVICES}devices inet n - n - - smtpd\n  -o a = b\n")
    assert not push.accepted
    assert "config/postfix-master.cf:7: devices/inet: devices is not a port" in push.said
    push = clone.change("config/postfix-master.cf", f"{DEVICES}x unix - - n - - smtp\n  -o no_such_name=b\n")
    assert "config/postfix-master.cf:8:" in push.said
    assert "no_such_name" in push.said
    clone.back()
    assert server.rev("main") == before


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("config/user-patches.sh", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        ("config/user-patches.sh", b"#!/bin/bash\r\ntrue\r\n", "line ends of Windows"),
        ("config/before.dovecot.sieve", b"\xef\xbb\xbfkeep;\n", "byte order mark"),
        ("config/rspamd/override.d/actions.conf", b"\xef\xbb\xbfreject = 17;\n", "byte order mark"),
        ("config/dovecot.cf", "mail_debug = no\n".encode("utf-16"), "UTF-16"),
        ("config/sieve-pipe/learn", b"\x1f\x8b\x08\0\0\0\0\0", "compressed by gzip"),
        ("config/user-patches.sh", b"404: Not Found", "the answer of a web server"),
        ("config/before.dovecot.sieve", b"<!DOCTYPE html>\n<html>\n", "a page of the web"),
        ("config/dovecot-quotas.cf", b"user1@example.test:512\n", "has no unit"),
        ("config/postfix-main.cf", b"<<<<<<< a\nx = 1\n=======\nx = 2\n>>>>>>> b\n", "merge conflict"),
    ],
)
def test_a_cause_is_told(clone: Clone, path: str, content: bytes, told: str) -> None:
    """One problem on line 1, whatever the daemons' own checkers would say."""
    push = clone.change(path, content)
    assert not push.accepted
    assert f"{path}:1: " in push.said
    assert told in push.said
    assert "1 problem;" in push.said
    clone.back()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("config/dovecot.cf", b"mail_max_userip_connections = 33\r\nprotocol imap {\r\n}\r\n"),
        ("config/before.dovecot.sieve", b'require "fileinto";\r\nkeep;\r\n'),
        ("config/postfix-main.cf", b"max_idle = 90s\r\n"),
        ("config/sieve-pipe/README.md", b"Programs (see the wiki)\r\nIt's all\r\n"),
        ("config/postfix-master.cf", DEVICES.replace("\n", "\r\n").encode()),
    ],
)
def test_line_ends_of_windows_are_taken_where_they_do_no_harm(
    clone: Clone, path: str, content: bytes
) -> None:
    """The daemons' own checkers take what is pushed (dry run)."""
    clone.write(path, content)
    clone.commit()
    push = clone.push("HEAD:main", "-o", "dry-run")
    assert "dry run: nothing was changed" in push.said
    assert "Plan: 0 to add, 1 to change, 0 to remove." in push.said
    clone.back()


def test_the_files_that_rspamd_looks_for_are_known(server: Server) -> None:
    """Those that its own configuration includes are those that a push takes for read."""
    included = server.must("grep", "-rhoE", r"^[^#]*include.*override\.d/[A-Za-z0-9_.-]+", "/etc/rspamd")
    assert {line.rpartition("/")[2] for line in included.splitlines()} == NAMES


@pytest.mark.shows("setup email add", "setup email update")
def test_a_password_may_begin_with_a_dash(server: Server) -> None:
    """It is what people log in with."""
    server.must("setup", "email", "add", "dash@example.test", "-first")
    with server.imap("dash@example.test", "-first"):
        pass
    server.must("setup", "email", "update", "--", "dash@example.test", "--second")
    with server.imap("dash@example.test", "--second"):
        pass
    misspelt = server.run("setup", "email", "update", "dash@example.test", "--no-wiat")
    assert misspelt.returncode == 2
    assert "Did you mean --no-wait?" in misspelt.stderr


def test_an_account_below_a_catch_all_is_noticed(server: Server, clone: Clone) -> None:
    """By the push that brings the catch-all, and by the command that adds an account later."""
    server.must("setup", "email", "add", "first@caught.test", "secret")
    clone.git("pull", "-q", "--rebase")
    clone.write("config/postfix-virtual.cf", "@caught.test x@outside.test\n", append=True)
    clone.commit("Catch all")
    push = clone.push()
    assert "@caught.test takes the mail of accounts too: first@caught.test" in push.said
    assert "a line of its own in config/postfix-virtual.cf: first@caught.test first@caught.test" in push.said
    added = server.run("setup", "email", "add", "second@caught.test", "secret")
    assert added.returncode == 0
    assert "@caught.test takes the mail of accounts too: second@caught.test" in added.stderr
    server.must("setup", "alias", "del", "@caught.test", "x@outside.test")
