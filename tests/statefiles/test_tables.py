"""Quotas, masters, relay hosts, credentials, access: read, refused, edited in place."""

from __future__ import annotations

import time
from typing import Any

import pytest

from controlplane.errors import Refused
from controlplane.model import Master
from controlplane.statefiles import access, masters, quotas, relay
from controlplane.statefiles.incremental import reparse
from controlplane.statefiles.tables import Table

SEALED = "age:" + "YWdlLWVuY3J5cHRpb24ub3JnL3Yx" * 8

TEXTS: tuple[tuple[Table[Any], str, dict[str, Any]], ...] = (
    (
        quotas.TABLE,
        "# limits\n\nUser1@Example.test:12M\n  user2@example.test : 0\nuser3@example.test:5000000000B\n",
        {"user1@example.test": "12M", "user2@example.test": "0", "user3@example.test": "5000000000B"},
    ),
    (
        masters.TABLE,
        f"# who may\nAdmin|{{SHA512-CRYPT}}$6$x$y\nbackup|{SEALED}|allow_nets=127.0.0.1\n",
        {
            "admin": Master("admin", "{SHA512-CRYPT}$6$x$y"),
            "backup": Master("backup", SEALED, "allow_nets=127.0.0.1"),
        },
    ),
    (
        relay.ROUTES,
        "@Domain1.com [smtp.mailgun.org]:587\n@domain2.com [smtp.sendgrid.net]:2525\n\n"
        "# Opt-out of relaying:\n@domain3.com\none@example.test\n  relay.test:submission, [2001:db8::1]\n",
        {
            "@domain1.com": "[smtp.mailgun.org]:587",
            "@domain2.com": "[smtp.sendgrid.net]:2525",
            "@domain3.com": "",
            "one@example.test": "relay.test:submission, [2001:db8::1]",
        },
    ),
    (
        relay.CREDENTIALS,
        "@domain1.com mailgun-user:secret\n[email-smtp.us-west-2.amazonaws.com]:2587\taws-user:se cr:et\n"
        f"@domain2.com user:{SEALED}\n@domain3.com {SEALED}\n",
        {
            "@domain1.com": "mailgun-user:secret",
            "[email-smtp.us-west-2.amazonaws.com]:2587": "aws-user:se cr:et",
            "@domain2.com": f"user:{SEALED}",
            "@domain3.com": SEALED,
        },
    ),
    (
        access.SEND,
        "user1@example.test REJECT\nspam.test 550 5.7.1 go away\n.spam.test DISCARD\npostmaster@ OK\n"
        "<> reject_unverified_recipient, permit\n",
        {
            "user1@example.test": "REJECT",
            "spam.test": "550 5.7.1 go away",
            ".spam.test": "DISCARD",
            "postmaster@": "OK",
            "<>": "reject_unverified_recipient, permit",
        },
    ),
)
IDS = ["quotas", "masters", "routes", "credentials", "access"]


@pytest.mark.parametrize(("table", "text", "rows"), TEXTS, ids=IDS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_entries_are_read(table: Table[Any], text: str, rows: dict[str, Any], end: str) -> None:
    """Comments, blank lines and spacing mean nothing, nor does the case of a name."""
    parsed = table.parse(text.replace("\n", end))
    assert parsed.problems == ()
    assert dict(parsed.rows) == rows
    assert list(parsed.rows) == list(rows)


@pytest.mark.parametrize(
    ("table", "line", "message"),
    [
        (quotas.TABLE, "user1@example.test:12X", '"X" is not a unit'),
        (quotas.TABLE, "user1@example.test:12m", '"m" is not a unit'),
        (quotas.TABLE, "user1@example.test:1.5G", "is not a unit"),
        (quotas.TABLE, "user1@example.test:M", '"M" is not a size'),
        (quotas.TABLE, "user1@example.test:-1", '"-1" is not a size'),
        (quotas.TABLE, "user1@example.test:", "has no size"),
        (quotas.TABLE, "user1:12M", "there is no @"),
        (quotas.TABLE, "user1@example.test 12M", "not a quota"),
        (masters.TABLE, "admin", "not a master account"),
        (masters.TABLE, "admin|", "has no password hash"),
        (masters.TABLE, "ad*min|{SHA}x", "characters that it cannot have"),
        (masters.TABLE, "admin|hunter2", "is in clear text"),
        (masters.TABLE, "admin|{ROT13}x", "not a password scheme"),
        (masters.TABLE, "admin|{SHA}x|a|b", "more than three fields"),
        (relay.ROUTES, "domain1.com [smtp.test]:25", '"domain1.com" is not a sender'),
        (relay.ROUTES, "@domain1.com [smtp.test]:99999", "is not a relay host"),
        (relay.ROUTES, "@domain1.com smtp test]", "is not a relay host"),
        (relay.ROUTES, "@domain1.com smtp.test/25", "is not a relay host"),
        (relay.ROUTES, "  [smtp.test]:25", "goes on with no entry"),
        (relay.CREDENTIALS, "@domain1.com user", "has no user and password"),
        (relay.CREDENTIALS, "@domain1.com", "has no user and password"),
        (relay.CREDENTIALS, "@domain1.com :hunter2", "has no user and password"),
        (relay.CREDENTIALS, "user:hunter2 @domain1.com", "has no user and password"),
        (relay.CREDENTIALS, "us/er:hunter2", "neither a sender nor a relay host"),
        (access.RECEIVE, "user1@example.test", "has no action"),
        (access.RECEIVE, "user1@example.test FORBID it", '"FORBID" is not an action'),
        (access.RECEIVE, "@example.test REJECT", '"@example.test" is not an address'),
    ],
)
def test_nonsense_is_refused(table: Table[Any], line: str, message: str) -> None:
    """Each problem has its place, says what is wrong and what to do, and shows no secret."""
    (problem,) = table.parse(f"# note\n{line}\n").problems
    assert message in problem.message
    assert (problem.path, problem.line) == (table.path, 2)
    assert problem.cure
    assert "hunter2" not in f"{problem.message}{problem.cure}{problem.excerpt}"


@pytest.mark.parametrize(("table", "text", "rows"), TEXTS, ids=IDS)
def test_a_second_entry_is_refused(table: Table[Any], text: str, rows: dict[str, Any]) -> None:
    """One name has one meaning; the first line is reported."""
    last = next(line for line in reversed(text.split("\n")) if line and line[0] not in " #")
    (problem,) = table.parse(f"{text}{last}\n").problems
    assert "is there already, on line" in problem.message
    del rows


def test_an_edit_touches_its_entry_alone() -> None:
    """Comments, order, spacing and line ends of a person's file survive."""
    text = "# a\r\nUser1@example.test : 1G\r\n\r\nother@example.test:2G\r\n"
    changed = quotas.TABLE.put(text, "user1@example.test", "12M")
    assert changed == text.replace(": 1G", ": 12M")
    grown = quotas.TABLE.put(text, "new@example.test", "0")
    assert grown == f"{text}new@example.test:0\r\n"
    assert quotas.TABLE.remove(grown, "NEW@example.test") == text


def test_an_entry_of_several_lines_becomes_one() -> None:
    """What goes on on the next line is replaced with it."""
    text = "@a.test\n  [one.test]:25,\n# why\n  [two.test]:25\n@b.test x.test\n"
    assert (
        relay.ROUTES.put(text, "@a.test", "[c.test]:587") == "@a.test [c.test]:587\n# why\n@b.test x.test\n"
    )
    assert relay.ROUTES.put(text, "@a.test", "") == "@a.test\n# why\n@b.test x.test\n"
    assert relay.ROUTES.remove(text, "@a.test") == "# why\n@b.test x.test\n"


def test_an_edit_that_would_be_malformed_is_refused() -> None:
    """What `parse` would refuse is never written, and what is not there cannot be removed."""
    for table, name, value in (
        (quotas.TABLE, "a@b.test", "12X"),
        (quotas.TABLE, "a@b.test", "1\nc@d.test:2"),
        (masters.TABLE, "admin", "clear"),
        (relay.CREDENTIALS, "@a.test", "user"),
    ):
        with pytest.raises(Refused):
            table.put("", name, value)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match=r"no quota of a@b\.test"):
        quotas.TABLE.remove("", "a@b.test")


def test_what_may_be_a_password_is_not_shown() -> None:
    """Lines with the password in another's place are shown without it."""
    assert relay.masked("@domain1.com user:hunter2") == "@domain1.com user:…"
    assert relay.masked(f"@domain1.com {SEALED}") == "@domain1.com …"
    assert relay.masked("user:hunter2 @domain1.com") == "user… …"
    assert masters.masked("admin:hunter2") == "admin…"
    assert masters.masked("admin|{SHA}hunter2") == "admin|…"


def test_a_change_among_many_quotas_costs_little() -> None:
    """One line of 100,000 is read for a small part of what the whole costs."""
    text = "".join(f"user{number}@example.test:{number}M\n" for number in range(100_000))
    begun = time.process_time()
    known = quotas.TABLE.parse(text)
    whole = time.process_time() - begun
    before, after = text.encode(), quotas.TABLE.put(text, "user50000@example.test", "1G").encode()
    begun = time.process_time()
    found = reparse(quotas.TABLE.parse, after, quotas.TABLE.path, before, known)
    assert time.process_time() - begun < whole / 2
    assert found.rows == {**known.rows, "user50000@example.test": "1G"}


@pytest.mark.parametrize(
    ("size", "kibibytes"),
    [("0", 0), ("5", 5), ("1B", 1), ("2048B", 2), ("3k", 3), ("3K", 3), ("12M", 12288), ("1G", 1 << 20)],
)
def test_sizes_count_in_kibibytes(size: str, kibibytes: int) -> None:
    """Without a unit too, as in Dovecot's rules; a part counts whole."""
    assert quotas.kibibytes(size) == kibibytes
    assert quotas.kibibytes("2T") == 2 << 30


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        (access.SEND, "user1@example.test DISCARD", "REJECT"),
        (relay.ROUTES, "@exa mple.test", "[smtp.test]:25"),
        (relay.ROUTES, "@exa\tb.test", ""),
        (relay.CREDENTIALS, "@x y", "user:hunter2"),
        (masters.TABLE, "x|{SHA}y", "{SHA}hunter2"),
        (quotas.TABLE, "a@b.test:1G", "2G"),
    ],
)
def test_a_row_is_about_what_was_asked(table: Table[Any], name: str, value: str) -> None:
    """A name that would end early is refused, without a line, as none exists; nothing secret is printed."""
    with pytest.raises(Refused) as caught:
        table.put("", name, value)
    (problem,) = caught.value.problems
    assert (problem.line, problem.excerpt) == (0, "")
    assert "hunter2" not in problem.message + problem.cure


@pytest.mark.parametrize("sign", ["\r", "\x00", "\x0c", "\x1b", "\x7f"])
def test_a_control_character_in_a_row_is_refused(sign: str) -> None:
    """Such as a carriage return alone: Postfix would take it for a part of the action."""
    text = f"a@a.test REJECT\na@b.test REJECT{sign}a@c.test REJECT\n"
    (problem,) = access.SEND.parse(text).problems
    assert problem.line == 2
    assert problem.message == f"the line has a control character (0x{ord(sign):02x})"
