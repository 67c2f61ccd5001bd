"""What an import makes of each file, and how it meets what `main` has."""

from __future__ import annotations

import pytest

from controlplane import sealing
from controlplane.git import NewFile
from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.items import Item, Prepared
from controlplane.intake.importing.prepare import Brought, Here, prepare
from controlplane.statefiles.treefile import EXECUTABLE, REGULAR, TreeFile

HASH = "{SHA512-CRYPT}$6$abc$" + "x" * 86
KEY = b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
TEMPLATE = {"config/postfix-accounts.cf": b"# none yet\n", "mailserver.env": b"ENABLE_RSPAMD=1\n"}


def made(
    sealer: Sealer,
    brought: dict[str, bytes],
    main: dict[str, bytes] | None = None,
    env: bytes | None = None,
    replace: bool = False,
) -> Prepared:
    """What is prepared when these contents meet those of `main`."""
    files = {name: TreeFile(content) for name, content in brought.items()}
    there = {path: TreeFile(content) for path, content in (TEMPLATE if main is None else main).items()}
    return prepare(Brought(files, env, replace), Here(there, TEMPLATE, {}, sealer))


def only(items: tuple[Item, ...]) -> Item:
    """The one item."""
    assert len(items) == 1, items
    return items[0]


def content(prepared: Prepared, path: str) -> bytes:
    """What is to be written at a path."""
    change = prepared.changes[path]
    assert isinstance(change, NewFile)
    return change.content


@pytest.mark.parametrize(
    ("name", "support"),
    [
        ("postfix-main.cf", "supported"),
        ("ada@example.test.dovecot.sieve", "supported"),
        ("sieve-pipe/learn", "supported"),
        ("amavis.cf", "later"),
        ("opendkim/TrustedHosts", "later"),
        ("notes/readme.txt", "unknown"),
    ],
)
def test_files_are_told_apart(sealer: Sealer, name: str, support: str) -> None:
    """Read, coming later, read by nobody: all are kept, to the letter."""
    found = made(sealer, {name: b"# text\n"})
    item = only(found.files)
    assert (item.name, item.done, item.support) == (f"config/{name}", "added", support)
    assert content(found, f"config/{name}") == b"# text\n"


@pytest.mark.parametrize(
    "name",
    [
        "postfix-main.cf~",
        ".dovecot.cf.swp",
        ".git/config",
        "postfix-accounts.cf.bak",
        "a.svbin",
        "gitops/recipient.txt",
    ],
)
def test_left_overs_stay_behind(sealer: Sealer, name: str) -> None:
    """They are reported, and not taken."""
    found = made(sealer, {name: b"x"})
    assert only(found.files).done == "left out"
    assert only(found.files).note
    assert not found.changes


def test_modes_are_those_of_scripts(sealer: Sealer) -> None:
    """Many folders have everything executable; only scripts keep that."""
    files = {name: TreeFile(b"#!/bin/sh\n", EXECUTABLE) for name in ("user-patches.sh", "dovecot.cf")}
    found = prepare(Brought(files), Here({}, {}, {}, sealer))
    modes = {path: change.mode for path, change in found.changes.items() if isinstance(change, NewFile)}
    assert modes == {"config/user-patches.sh": EXECUTABLE, "config/dovecot.cf": REGULAR}


@pytest.mark.parametrize(
    "name", ["opendkim/keys/example.test/mail.private", "rspamd/dkim/rsa.private.txt", "x.pem"]
)
def test_a_private_key_is_sealed_whole(sealer: Sealer, name: str) -> None:
    """Wherever it lies; only the server gets it back."""
    found = made(sealer, {name: KEY})
    sealed = content(found, f"config/{name}")
    assert only(found.files).sealed
    assert sealing.unseal(sealed, sealer.identity) == KEY


@pytest.mark.shows("postfix-sasl-password.cf")
def test_logins_at_relays_are_sealed_line_by_line(sealer: Sealer) -> None:
    """What is no password stays readable: comments, senders, users."""
    text = b"# ours\n@example.test  us:hunter2\n[smtp.example.net]:587 them:swordfish \n"
    found = made(sealer, {"postfix-sasl-password.cf": text})
    sealed = content(found, "config/postfix-sasl-password.cf")
    assert b"hunter2" not in sealed
    assert b"swordfish" not in sealed
    assert sealed.startswith(b"# ours\n@example.test  us:age:")
    assert sealer.opened(sealed) == text


def test_passwords_of_other_programs_are_sealed_in_place(sealer: Sealer) -> None:
    """What else their files say can still be read."""
    text = b'poll imap.example.net proto imap\n user "ada" password "hunter2" is "ada@example.test"\n'
    sealed = content(made(sealer, {"fetchmail.cf": text}), "config/fetchmail.cf")
    assert b"hunter2" not in sealed
    assert sealed.startswith(b'poll imap.example.net proto imap\n user "ada" password "age:')
    assert sealer.opened(sealed) == text


def test_importing_again_changes_nothing(sealer: Sealer) -> None:
    """Also where a new seal would be another text."""
    brought = {"x.pem": KEY, "postfix-sasl-password.cf": b"@a.test us:hunter2\n", "dovecot.cf": b"a = b\n"}
    env = b"RELAY_PASSWORD=hunter2\nTZ=UTC\n"
    first = made(sealer, brought, env=env)
    main = {path: content(first, path) for path in first.changes}
    again = made(sealer, brought, main, env)
    assert not again.changes
    assert not again.problems
    assert {item.done for item in (*again.files, *again.settings)} == {"same"}


def test_what_a_new_main_starts_with_gives_way(sealer: Sealer) -> None:
    """Nobody chose it."""
    found = made(sealer, {"postfix-accounts.cf": f"ada@example.test|{HASH}\n".encode()}, env=b"TZ=UTC\n")
    assert content(found, "config/postfix-accounts.cf").startswith(b"ada@")
    assert content(found, "mailserver.env") == b"TZ=UTC\n"


@pytest.mark.parametrize(
    ("path", "ours", "theirs", "merged"),
    [
        (
            "postfix-accounts.cf",
            f"a@b.test|{HASH}",
            f"# old\nc@d.test|{HASH}|x=1\na@b.test|{HASH}\n",
            f"c@d.test|{HASH}|x=1\n",
        ),
        (
            "postfix-virtual.cf",
            "x@b.test a@b.test",
            "y@b.test c@d.test, e@f.test",
            "y@b.test c@d.test,e@f.test\n",
        ),
        ("dovecot-quotas.cf", "a@b.test:1G", "c@d.test:2G\n", "c@d.test:2G\n"),
        ("dovecot-masters.cf", f"a|{HASH}", f"b|{HASH}|x=1\n", f"b|{HASH}|x=1\n"),
        ("postfix-relaymap.cf", "@b.test [r.test]:25", "@c.test\n", "@c.test\n"),
    ],
)
def test_records_are_merged(sealer: Sealer, path: str, ours: str, theirs: str, merged: str) -> None:
    """Entries that `main` lacks come behind those that it has."""
    found = made(sealer, {path: theirs.encode()}, {f"config/{path}": ours.encode()})
    assert found.problems == ()
    assert only(found.files).done == "merged"
    assert content(found, f"config/{path}") == f"{ours}\n{merged}".encode()


def test_a_sealed_login_is_compared_by_what_it_says(sealer: Sealer) -> None:
    """The same password is no contradiction, another one is."""
    path = "postfix-sasl-password.cf"
    main = {f"config/{path}": f"@a.test us:{sealer.value('hunter2')}\n".encode()}
    found = made(sealer, {path: b"@a.test us:hunter2\n@b.test us:other\n"}, main)
    assert only(found.files).done == "merged"
    assert sealer.opened(content(found, f"config/{path}")) == b"@a.test us:hunter2\n@b.test us:other\n"
    [problem] = made(sealer, {path: b"@a.test us:swordfish\n"}, main).problems
    assert "@a.test" in problem.message
    assert "swordfish" not in str(problem)


@pytest.mark.parametrize(
    ("path", "ours", "theirs", "word"),
    [
        ("postfix-accounts.cf", f"a@b.test|{HASH}\n", f"a@b.test|{HASH}y\n", "a@b.test"),
        ("dovecot.cf", "a = b\n", "a = c\n", "+1 −1"),
        ("postfix-regexp.cf", "/^a/ a@b.test\n", "/^b/ a@b.test\n", "+1 −1"),
    ],
)
def test_contradictions_are_decided_by_people(
    sealer: Sealer, path: str, ours: str, theirs: str, word: str
) -> None:
    """They are refused with the way out, and --replace takes what was brought."""
    main = {f"config/{path}": ours.encode()}
    [problem] = made(sealer, {path: theirs.encode()}, main).problems
    assert word in problem.message
    assert "--replace" in problem.cure
    found = made(sealer, {path: theirs.encode()}, main, replace=True)
    assert content(found, f"config/{path}") == theirs.encode()


def test_settings_meet_those_of_main(sealer: Sealer) -> None:
    """New ones come to ours; what a new main starts with gives way; a chosen one is not overruled."""
    main = {"mailserver.env": b"ENABLE_RSPAMD=1\nTZ=UTC\n"}
    found = made(sealer, {}, main, b"ENABLE_RSPAMD=0\nENABLE_POP3=1\n")
    assert content(found, "mailserver.env") == b"ENABLE_RSPAMD=0\nTZ=UTC\nENABLE_POP3=1\n"
    [problem] = made(sealer, {}, main, b"ENABLE_POP3=1\nTZ=Europe/Berlin\n").problems
    assert (problem.path, problem.line, problem.message) == ("mailserver.env", 2, "main has another TZ")
    found = made(sealer, {}, main, b"TZ=Europe/Berlin\n", replace=True)
    assert content(found, "mailserver.env") == b"TZ=Europe/Berlin\n"


def test_a_hostile_name_is_told(sealer: Sealer) -> None:
    """A path that would leave the tree never becomes a change."""
    found = made(sealer, {"x/../../etc/passwd": b"x", "a\nb": b"x"})
    assert len(found.problems) == 1
    assert not found.changes


def test_a_heap_that_nobody_reads_stays_behind(sealer: Sealer) -> None:
    """A copy of all mail in the config folder does not block the rest."""
    found = made(sealer, {"backup.tar": b"\0" * (1 << 20) + b"\0"})
    assert "nothing reads it" in only(found.files).note
    assert not found.changes
