"""`mailctl status` for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controlplane.cli.text.age import age
from controlplane.cli.text.status import status_lines
from tests.cli.answers import CERTIFICATE, STATUS

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def test_status_reads_at_a_glance() -> None:
    """A healthy server shows release, log, services, certificate, pins and drift."""
    assert status_lines(STATUS, NOW) == [
        "mail.example.test   healthy            release 97 applied 2 min ago (attempted 97)",
        "log                 128 change sets, verified to 128",
        "service  state    since  probe              memory",
        "postfix  serving  3 d    25 ✔ 465 ✔  12 ms  18 MiB",
        "dovecot  serving  3 d                       22 MiB",
        "certificate  mail.example.test  ends in 61 days",
        "pinned by the environment: ENABLE_RSPAMD=1, RELAY_PASSWORD=(secret)",
        "drift: none",
    ]


def test_status_warns_of_certificates() -> None:
    """What ends soon and what was refused is a line with the mark."""
    warned = {**CERTIFICATE, "days": 10, "warnings": ["ends in 10 days: renew it"]}
    told = {**STATUS, "certificates": [warned], "certificate_refused": {"fallback": "no file"}}
    lines = status_lines(told, NOW)
    assert "certificate  mail.example.test  ends in 10 days" in lines
    assert "⚠ certificate default ends in 10 days: renew it" in lines
    assert "⚠ certificate fallback is not taken over: no file" in lines


def test_status_tells_of_a_rolled_back_release() -> None:
    """A failure shows what serves, the daemon's words and where they lead."""
    failure = {
        "release": 97,
        "outcome": "rolled_back",
        "reason": "postfix did not answer on 25",
        "origin": "config/postfix-main.cf:7",
        "at": "2026-11-25T11:59:20Z",
    }
    lines = status_lines({**STATUS, "healthy": False, "applied": 96, "failure": failure}, NOW)
    assert lines[0].endswith("release 96 serves; 97 rolled back 40 s ago")
    assert "degraded" in lines[0]
    assert lines[1] == "  97  postfix did not answer on 25"
    assert lines[2].startswith("  ►   config/postfix-main.cf:7. Push a fix")


@pytest.mark.parametrize(("newest", "told"), [(97, "none waits"), (99, "release 99 waits")])
def test_status_tells_what_is_held_back(newest: int, told: str) -> None:
    """A suspended server names the release that waits for `mailctl resume`."""
    lines = status_lines({**STATUS, "suspended": True, "release": newest}, NOW)
    assert lines[0].startswith("mail.example.test   suspended ")
    assert lines[2] == f"⚠ releases are held back, {told}: `mailctl resume` applies the newest"
    assert "held back" not in "".join(status_lines({**STATUS, "release": newest}, NOW))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (200000, "2 d")]
)
def test_ages_are_in_the_largest_unit(seconds: int, text: str) -> None:
    """One number and one unit say how long ago."""
    assert age(NOW.timestamp() - seconds, NOW) == text


def test_status_names_what_is_damaged_and_what_was_repaired() -> None:
    """With its cure; a server with damage is not called healthy."""
    damage = [{"part": "object 1f7a", "what": "it is damaged", "cure": "mailctl verify"}]
    repairs = [{"part": "agent", "how": "applied.json was lost", "at": 1.0}]
    lines = status_lines({**STATUS, "damage": damage, "repairs": repairs}, NOW)
    assert "degraded" in lines[0]
    assert "✗ damaged: object 1f7a: it is damaged. ► mailctl verify" in lines
    assert "⚠ repaired: agent: applied.json was lost" in lines
    assert "healthy" in status_lines({**STATUS, "repairs": repairs}, NOW)[0]


def test_weak_hashes_are_counted() -> None:
    """By scheme, the most frequent first; nothing is said where there are none."""
    weak = {"accounts": {"DES-CRYPT": 1, "MD5-CRYPT": 1200}, "masters": {"SHA1": 1}}
    assert (
        "⚠ weak password hashes: 1201 accounts (MD5-CRYPT 1200, DES-CRYPT 1), 1 master account (SHA1 1); "
        "mailctl accounts --weak lists them"
    ) in status_lines({**STATUS, "weak_hashes": weak}, NOW)
    none = {**STATUS, "weak_hashes": {"accounts": {}, "masters": {}}}
    assert status_lines(none, NOW) == status_lines(STATUS, NOW)
