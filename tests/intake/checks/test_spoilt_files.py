"""Files that are not what they were meant to be: one problem, told by its cause."""

from __future__ import annotations

import pytest

from controlplane.intake.checks.spoilt_files import find, problems
from controlplane.intake.proposal import propose_files
from controlplane.model import Desired, Override, State
from controlplane.statefiles.treefile import TreeFile

ENV, ACCOUNTS, VIRTUAL = "mailserver.env", "config/postfix-accounts.cf", "config/postfix-virtual.cf"
ALL = (
    ENV,
    ACCOUNTS,
    VIRTUAL,
    "config/postfix-regexp.cf",
    "config/postfix-aliases.cf",
    "config/dovecot-quotas.cf",
    "config/dovecot-masters.cf",
    "config/postfix-send-access.cf",
    "config/postfix-receive-access.cf",
    "config/postfix-relaymap.cf",
    "config/postfix-sasl-password.cf",
    "config/postfix-main.cf",
    "config/postfix-master.cf",
    "config/dovecot.cf",
    "config/before.dovecot.sieve",
    "config/a@b.test.dovecot.sieve",
    "config/user-patches.sh",
    "config/sieve-filter/f",
    "config/sieve-pipe/p",
    "config/rspamd/custom-commands.conf",
    "config/rspamd/override.d/actions.conf",
    "config/whitelist_clients.local",
    "config/ssl/cert.pem",
    "config/gitops/authorized_keys",
    "config/fail2ban-jail.cf",
    "config/amavis.cf",
    "config/ldap-users.cf",
)
CONFLICT = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
MARK = "\ufeff"


def _only(path: str, content: bytes) -> tuple[int, str, str]:
    (problem,) = propose_files(State(), None, {path: TreeFile(content)}).problems
    assert problem.path == path
    return problem.line, problem.message, problem.cure


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("# a\n" + CONFLICT, 2, "it has a merge conflict that nobody resolved, up to line 6"),
        (CONFLICT.replace("=======", "||||||| 3c1\nbefore\n======="), 1, "up to line 7"),
        (CONFLICT.replace("\n", "\r\n"), 1, "up to line 5"),
        (CONFLICT + "x\n" + CONFLICT, 1, "it has 2 merge conflicts that nobody resolved, up to line 11"),
        ("x\n<<<<<<< HEAD\n", 2, "it has the mark of a merge conflict"),
        (POINTER, 1, "it is a pointer of Git LFS"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", 1, "it is encrypted by Ansible Vault"),
        ("/annex/objects/SHA256E-s5--0\n", 1, "it is a pointer of git-annex"),
    ],
)
def test_a_cause_is_told_once_in_any_file(path: str, text: str, line: int, told: str) -> None:
    """Whatever a parser would say of it, there is one problem with its line and a cure."""
    found, message, cure = _only(path, text.encode())
    assert told in message
    assert found == line
    assert cure


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_told(path: str, encoding: str) -> None:
    """As PowerShell and old editors write them."""
    _, message, cure = _only(path, "# a comment\nx y\n".encode(encoding))
    assert "UTF-16" in message
    assert "UTF-8" in cure


@pytest.mark.parametrize("path", [path for path in ALL if path != ENV])
def test_a_byte_order_mark_is_told(path: str) -> None:
    """It would become part of the first word; mailserver.env is read without it."""
    line, message, cure = _only(path, f"{MARK}# a\nx y\n".encode())
    assert (line, "byte order mark" in message, "without one" in cure) == (1, True, True)


def test_a_byte_order_mark_before_pem_is_taken() -> None:
    """OpenSSL passes it over (asked: `openssl x509`), as do those who look for the first line in our code."""
    assert not problems("config/ssl/cert.pem", f"{MARK}-----BEGIN CERTIFICATE-----\n".encode())


def test_what_is_left_of_a_conflict_is_told_where_it_can_mean_nothing_else() -> None:
    """A line of equal signs is text in a script, and an error in a table."""
    _, message, _ = _only(VIRTUAL, b"a@x.test b@x.test\n=======\n")
    assert message == "it has the mark of a merge conflict"
    _, message, _ = _only("config/postfix-main.cf", b">>>>>>> topic\n")
    assert message == "it has the mark of a merge conflict"
    assert not problems("config/user-patches.sh", b"#!/bin/bash\ncat <<X\n=======\nX\n")
    assert not problems("config/before.dovecot.sieve", b"/*\n=======\n>>>>>>> quoted\n*/\n")


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (b"#!/bin/bash\r\npostconf -e a=b\r\n", 1, r"there is no program /bin/bash\r"),
        (b"#!/usr/bin/env python3\r\nprint()\r\n", 1, r"there is no program /usr/bin/env python3\r"),
        (b"#!/bin/bash\npostconf -e a=b\r\n", 2, "the shell takes for part of a word"),
        (b"postconf -e a=b\r\n", 1, "the shell takes for part of a word"),
        (b"#!/bin/sh\rx\r", 1, "one long line"),
    ],
)
@pytest.mark.parametrize(
    "path", ["config/user-patches.sh", "config/sieve-pipe/p", "config/sieve-filter/f.sh"]
)
def test_line_ends_of_windows_are_told_in_programs(path: str, content: bytes, line: int, told: str) -> None:
    """A shell says `$'\\r': command not found`, and a kernel `no such file`."""
    found, message, cure = _only(path, content)
    assert told in message
    assert found == line
    assert "line ends of Unix" in cure


@pytest.mark.parametrize(
    "content",
    [b"#!/usr/bin/python3\nprint('a')\r\n", b"\x7fELF\0\0\r\n\0", b"#!/bin/sh\nprintf 'a\\r\\n'\n"],
)
def test_programs_that_mind_no_line_ends_are_left_alone(content: bytes) -> None:
    """Python takes both, and a binary has no lines."""
    assert not problems("config/sieve-pipe/p", content)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (ENV, "# a comment\nENABLE_POP3=1\n"),
        (ACCOUNTS, "a@example.test|{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86 + "\n"),
        (VIRTUAL, "info@example.test\n  a@example.test\n"),
        ("config/postfix-regexp.cf", "/^x[0-9]@example\\.test$/ a@example.test\n"),
        ("config/dovecot-quotas.cf", "a@example.test:1G\n"),
        ("config/postfix-send-access.cf", "a@example.test REJECT\n"),
        ("config/postfix-relaymap.cf", "@example.test [mail.example.org]:587\n"),
        ("config/postfix-main.cf", "max_idle = 1m\n"),
        ("config/postfix-master.cf", "smtp/inet/syslog_name=x\n"),
        ("config/postfix-aliases.cf", "x: a@example.test\n"),
        ("config/whitelist_recipients", "a@example.test\n"),
    ],
)
def test_line_ends_of_windows_mean_the_same_where_we_read(path: str, text: str) -> None:
    """With either line ends the state is the same, and so is what is rendered from tables."""
    found = []
    for written in (text, text.replace("\n", "\r\n")):
        proposal = propose_files(State(), None, {path: TreeFile(written.encode())})
        assert proposal.problems == ()
        found.append(proposal.state.desired)
    if path.startswith("config/") and path.removeprefix("config/") in found[0].overrides:
        return
    assert found[0] == found[1]


@pytest.mark.parametrize("first", ["# a comment", "", "ENABLE_POP3=1", "export ENABLE_POP3=1"])
def test_a_byte_order_mark_before_settings_is_passed_over(first: str) -> None:
    """Docker and Compose take such a file too; its lines keep their numbers and their cures."""
    plain, marked = (
        propose_files(State(), None, {ENV: TreeFile(f"{mark}{first}\nENABLE_IMAP=0\n".encode())})
        for mark in ("", MARK)
    )
    assert [p.message for p in marked.problems] == [p.message for p in plain.problems]
    assert marked.state.desired.settings == plain.state.desired.settings


def test_what_serves_is_not_judged_again() -> None:
    """A file that was accepted before such things were told holds up nobody's change."""
    files = {"config/sieve-pipe/p": TreeFile(b"#!/bin/sh\r\n")}
    assert find(files, files)
    state = State(Desired(overrides={"sieve-pipe/p": Override("sieve-pipe/p", b"#!/bin/sh\r\n", False)}))
    assert propose_files(state, None, {**files, ENV: TreeFile(b"ENABLE_POP3=1\n")}).problems == ()


def test_in_a_file_that_nothing_reads_only_a_conflict_is_wrong() -> None:
    """Notes and pictures may be as they are."""
    assert not find({"config/notes.txt": TreeFile(POINTER.encode())}, ["config/notes.txt"])
    assert find({"config/notes.txt": TreeFile(CONFLICT.encode())}, ["config/notes.txt"])
    assert not find({"docs/notes.txt": TreeFile(CONFLICT.encode())}, ["docs/notes.txt"])


def test_no_line_of_a_conflict_is_shown() -> None:
    """Both sides may hold a password."""
    content = b"<<<<<<< HEAD\nRELAY_PASSWORD=hunter2\n=======\nRELAY_PASSWORD=hunter3\n>>>>>>> b\n"
    (problem,) = propose_files(State(), None, {ENV: TreeFile(content)}).problems
    assert "hunter" not in str(problem)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (VIRTUAL, "x@a.test a@a.test"),
        ("config/postfix-send-access.cf", "a@a.test REJECT"),
        ("config/postfix-receive-access.cf", "a@a.test REJECT"),
        ("config/postfix-relaymap.cf", "@a.test [relay.test]:25"),
        ("config/dovecot-quotas.cf", "a@a.test:5M"),
        ("config/postfix-aliases.cf", "x: a@a.test"),
        ("config/postfix-main.cf", "max_idle = 50s"),
    ],
)
def test_one_long_line_is_told_with_a_cure_that_parts_it(path: str, line: str) -> None:
    """A parser may find sense in it; what cuts off the last carriage return leaves it one line."""
    number, message, cure = _only(path, f"{line}\r{line.replace('a.test', 'b.test')}\r".encode())
    assert number == 1
    assert "a carriage return alone" in message
    assert rf"s/\r/\n/g' {path}" in cure


HTML = b"<!DOCTYPE html>\n<html lang=en>\n<head><title>Sign in</title></head>\n</html>\n"
THINGS = (
    (b"\x1f\x8b\x08\0\0\0\0\0\0\3abc", "compressed by gzip"),
    (b"BZh91AY&SY\0", "compressed by bzip2"),
    (b"\xfd7zXZ\0\0", "compressed by xz"),
    (b"(\xb5/\xfd\4", "compressed by zstd"),
    (b"PK\3\4\x14\0\0\0", "ZIP archive"),
    (b"a/\0".ljust(257, b"\0") + b"ustar\x0000", "archive of tar"),
    (b"{\\rtf1\\ansi\n a@a.test b@a.test\n}\n", "word processor"),
    (b"%PDF-1.7\n", "a PDF"),
    (b"SQLite format 3\0abc", "database of SQLite"),
    (b"\0" * 12 + b"\x61\x15\6\0", "postmap compiled"),
    (b"MZ" + b"\0" * 60 + b"PE\0\0", "program for Windows"),
    (b"\xcf\xfa\xed\xfe", "program for macOS"),
    (HTML, "page of the web"),
    (b"\n<!-- x --><HTML>", "page of the web"),
    (b"404: Not Found", "answer of a web server"),
    (b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a = 5\n+a = 7\n", "a patch"),
    (b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a = 5\n+a = 7\n", "a patch"),
    (b"../shared/file.cf", "nothing but a path"),
)


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize(("content", "told"), THINGS)
def test_another_thing_in_the_place_of_the_file_is_told(path: str, content: bytes, told: str) -> None:
    """An archive, a page, a patch: one problem in any file, not one for each line of it."""
    line, message, cure = _only(path, content)
    assert told in message
    assert line == 1
    assert cure


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("config/sieve-pipe/page.html", HTML),
        ("config/sieve-pipe/words.gz", b"\x1f\x8b\x08\0"),
        ("config/sieve-filter/lib/page", HTML),
        ("config/sieve-pipe/README.md", b"\xef\xbb\xbf# Programs\r\n(see wiki)\r\n"),
        ("config/sieve-filter/words.txt", b"one\r\ntwo\r\n"),
        ("config/rspamd/override.d/maps/list.zst", b"(\xb5/\xfd\4"),
        ("config/user-patches.sh", b"#!/bin/bash\ncat <<X\n<html>\nX\n"),
        ("config/before.dovecot.sieve", b"# ../file\nkeep;\n"),
        ("config/sieve-pipe/p", b"./run.sh --all\n"),
        ("config/postfix-main.cf", b"# diff --git a b\nmax_idle = 5s\n"),
    ],
)
def test_what_may_be_meant_so_is_taken(path: str, content: bytes) -> None:
    """A name that says it, a folder of a program's own, and a mention are no fault."""
    assert not problems(path, content)
