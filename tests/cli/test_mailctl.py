"""`mailctl` as people and scripts use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from controlplane.cli.text.entries import entry_lines
from controlplane.cli.text.status import age, status_lines
from tests.cli.conftest import Peer

Run = Callable[..., int]
NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)

CERTIFICATE = {
    "slot": "default",
    "names": ["mail.example.test"],
    "key": "ECDSA P-256",
    "issuer": "CN=Test CA",
    "serial": "7",
    "not_after": "2027-01-25T13:00:00Z",
    "days": 61,
    "source": "/srv/tls/chain.pem",
    "serves": True,
    "warnings": [],
}

STATUS = {
    "hostname": "mail.example.test",
    "healthy": True,
    "applied": 97,
    "attempted": 97,
    "applied_at": "2026-11-25T11:58:00Z",
    "position": 128,
    "verified": 128,
    "services": [
        {
            "name": "postfix",
            "state": "serving",
            "since": "2026-11-22T12:00:00Z",
            "probes": [{"name": "25", "ok": True, "ms": 12}, {"name": "465", "ok": True, "ms": 4}],
            "memory_kib": 18432,
        },
        {
            "name": "dovecot",
            "state": "serving",
            "since": "2026-11-22T12:00:00Z",
            "probes": [],
            "memory_kib": 22528,
        },
    ],
    "certificates": [CERTIFICATE],
    "pins": {"ENABLE_RSPAMD": "1", "RELAY_PASSWORD": None},
    "drift": [],
    "dns": True,
}

ENTRY = {
    "position": 128,
    "time": "2026-11-22T14:03:11Z",
    "kind": "alias.added",
    "effect": "add",
    "subject": "info@example.test",
    "detail": "→ user1@example.test",
    "actor": "ada@laptop",
    "source": "push",
    "author": "Ada Admin",
    "reason": "Add the info alias (ticket 4711)\n\nbody",
    "live": "2026-11-22T14:03:12Z",
}


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


def test_certificates_are_told_with_what_is_wrong(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row each; below it what ends soon and what was refused; --json has it all."""
    soon = {**CERTIFICATE, "days": 1, "warnings": ["ends in 1 day: renew it"]}
    over = {**CERTIFICATE, "slot": "fallback", "days": -3, "serves": False, "key": "RSA 2048"}
    answer = {"certificates": [soon, over], "refused": [{"slot": "default", "reason": "/c: no"}]}
    daemon.answers["certificates"] = {"result": answer}
    assert mailctl("certificates") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["slot", "names", "key", "issuer", "end", "read", "from"]
    assert "ECDSA P-256  CN=Test CA  2027-01-25, ends in 1 day" in lines[1]
    assert lines[2].startswith("fallback (not served)  mail.example.test  RSA 2048")
    assert lines[3:] == [
        "⚠ certificate default ends in 1 day: renew it",
        "⚠ certificate default is not taken over: /c: no",
    ]
    assert mailctl("certificates", "--json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    daemon.answers["certificates"] = {"result": {"certificates": [], "refused": []}}
    assert mailctl("certificates") == 0
    assert capsys.readouterr().out == "no certificate: TLS is off\n"


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


def test_health_is_an_exit_status(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """--health prints one line and fails unless everything serves."""
    daemon.answers["status"] = {"result": STATUS}
    assert mailctl("status", "--health") == 0
    daemon.answers["status"] = {"result": {**STATUS, "healthy": False}}
    assert mailctl("status", "--health") == 1
    assert mailctl("status") == 0
    assert capsys.readouterr().out.startswith("healthy\nnot healthy\n")


def test_waiting_fails_when_the_release_does_not_serve(mailctl: Run, daemon: Peer) -> None:
    """--wait N succeeds when N or a newer release is applied."""
    daemon.answers["status"] = {"result": STATUS}
    assert mailctl("status", "--wait", "97") == 0
    assert mailctl("status", "--wait", "98", "--timeout", "1") == 1
    assert daemon.requests[-1]["wait"] == 98


def test_history_reads_as_a_table_with_reasons() -> None:
    """One event per line, with the reason of its change set below."""
    lines = entry_lines([ENTRY], with_subject=False)
    assert lines == [
        "128  2026-11-22 14:03:11  alias.added  → user1@example.test  Ada Admin, pushed by ada@laptop, push"
        "  live 14:03:12",
        '     "Add the info alias (ticket 4711)"',
    ]


def test_log_passes_its_filters_on(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the filters that were given are sent; --json prints one line per event."""
    daemon.answers["log"] = {"result": {"entries": [ENTRY, ENTRY]}}
    assert mailctl("log", "--kind", "alias.added", "--source", "push", "--json") == 0
    assert daemon.asked("log") == {"filters": {"kind": "alias.added", "source": "push"}, "limit": 50}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [ENTRY, ENTRY]


def test_history_asks_for_a_subject(mailctl: Run, daemon: Peer) -> None:
    """The subject goes along; an empty answer is no error."""
    daemon.answers["history"] = {"result": {"entries": []}}
    assert mailctl("history", "info@example.test") == 0
    assert daemon.asked("history") == {"subject": "info@example.test"}


def test_diff_has_an_exit_code(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """A difference is status 4 only with --exit-code; each part can be shown alone."""
    found = {"text": ["+ alias.added"], "events": [], "rendered": "--- a\n", "different": True}
    daemon.answers["diff"] = {"result": found}
    assert mailctl("diff", "1", "2") == 0
    assert mailctl("diff", "1", "--exit-code", "--state") == 4
    assert mailctl("diff", "1", "--rendered") == 0
    assert capsys.readouterr().out == "+ alias.added\n--- a\n+ alias.added\n--- a\n"
    assert daemon.requests[0]["b"] == "2"


def test_show_prints_one_part_as_it_was(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """`show accounts --at TIME` prints addresses, one per line."""
    state = {
        "position": 3,
        "time": "2026-11-23T00:00:00Z",
        "accounts": [{"address": "a@b.c"}],
        "aliases": [{"alias": "i@b.c", "targets": ["a@b.c"]}],
        "settings": {"ENABLE_RSPAMD": "1", "RELAY_PASSWORD": None},
        "quotas": {"a@b.c": "12M"},
        "masters": ["admin"],
        "relay": {"routes": {"@b.c": "[r.test]:25", "@d.e": ""}, "credentials": {"@b.c": "me", "@d.e": ""}},
        "access": {"send": {"a@b.c": "REJECT"}, "receive": {}},
        "overrides": [{"path": "dovecot.cf"}],
    }
    daemon.answers["show"] = {"result": state}
    assert mailctl("show", "accounts", "--at", "2026-11-23") == 0
    assert capsys.readouterr().out == "a@b.c\n"
    assert daemon.asked("show") == {"at": "2026-11-23"}
    assert mailctl("show") == 0
    shown = capsys.readouterr().out
    assert "settings:\n  ENABLE_RSPAMD=1\n  RELAY_PASSWORD=(secret)\n" in shown
    assert "quotas:\n  a@b.c  12M\nmasters:\n  admin\n" in shown
    relay = "  @b.c  → [r.test]:25\n  @d.e  → directly\n  @b.c  as me\n  @d.e  as (sealed)\n"
    assert f"relay:\n{relay}access:\n  send  a@b.c  REJECT\n" in shown


def test_rollback_shows_the_plan_and_the_outcome(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The compensating events are shown, then that they serve."""
    daemon.answers["rollback"] = {
        "result": {
            "position": 132,
            "release": 101,
            "title": "► back to the state of change set 127, as a new change set",
            "text": ["  − alias.removed  info@example.test"],
            "outcome": {"outcome": "applied", "release": 101, "seconds": 0.31},
        }
    }
    assert mailctl("rollback", "127", "--reason", "reload loop") == 0
    assert daemon.asked("rollback") == {"target": "127", "reason": "reload loop", "wait": True}
    assert capsys.readouterr().err.endswith("✔ change set 132, release 101 applied in 0.3 s\n")


def test_verify_fails_with_the_place(mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings are reported and the status is 1."""
    daemon.answers["verify"] = {
        "result": {"ok": False, "positions": 9, "findings": ["change set 4: damaged"]}
    }
    assert mailctl("verify") == 1
    assert "✗ change set 4: damaged" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["suspend", "--reason", "move"], ["resume"], ["reconcile"]])
def test_steering_commands_reach_the_daemon(mailctl: Run, daemon: Peer, words: list[str]) -> None:
    """suspend, resume and reconcile are one request each."""
    daemon.answers["reconcile"] = {"result": {"position": 0}}
    assert mailctl(*words) == 0
    assert daemon.requests[0]["op"] == words[0]


APPLIED = {"outcome": "applied", "release": 12, "serving": 12}
MAIN_CF = "etc/postfix/main.cf"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"before": 12, "outcome": APPLIED}, "✔ nothing had to be changed"),
        ({"before": 11, "outcome": APPLIED}, "✔ release 12 applied"),
        (
            {"before": 12, "outcome": APPLIED, "healed": [MAIN_CF]},
            f"✔ release 12 applied again: 1 file put back ({MAIN_CF})",
        ),
        (
            {"before": 11, "outcome": APPLIED, "healed": [MAIN_CF, "etc/x"]},
            f"✔ release 12 applied: 2 files put back ({MAIN_CF}, etc/x)",
        ),
        (
            {"before": 12, "outcome": APPLIED, "patched": True},
            "✔ release 12 applied again: user-patches.sh, which had failed, ran",
        ),
        (
            {"before": 11, "outcome": {"outcome": "suspended", "release": 12}},
            "⚠ releases are held back, so nothing was done: `mailctl resume` applies release 12",
        ),
        (
            {"before": 11, "outcome": None},
            "► release 12 is to be applied; the agent did not answer in time: "
            "`mailctl status` shows what came of it",
        ),
    ],
    ids=["nothing", "quarantined", "drift", "both", "script", "suspended", "silent"],
)
def test_reconcile_says_what_it_did(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], found: dict[str, Any], told: str
) -> None:
    """No change set, and still true: applied, put back, held back, or nothing."""
    daemon.answers["reconcile"] = {"result": {"position": 0, "release": 12, **found}}
    assert mailctl("reconcile") == 0
    assert capsys.readouterr().err == told + "\n"


def test_reconcile_names_what_the_volume_has_besides(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Edits that are refused are reported, also where the release fails again."""
    refused = [{"path": "postfix-accounts.cf", "reason": "this would remove everybody"}]
    answer = {"position": 0, "release": 12, "before": 12, "outcome": APPLIED, "volume_refused": refused}
    line = "⚠ config volume: postfix-accounts.cf is not taken over: this would remove everybody\n"
    daemon.answers["reconcile"] = {"result": answer}
    assert mailctl("reconcile") == 0
    assert capsys.readouterr().err == line + "✔ nothing had to be changed\n"
    failed = {
        "outcome": "rolled_back",
        "release": 12,
        "serving": 11,
        "service": "postfix",
        "reason": "silent",
    }
    daemon.answers["reconcile"] = {"result": {**answer, "outcome": failed}}
    assert mailctl("reconcile") == 1
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert "release 12 was rolled back; 11 serves" in said
    assert "postfix: silent" in said
    assert "mailctl rollback" not in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["history", "nosuch@example.test"], "nothing is known of nosuch@example.test"),
        (
            ["log", "--source", "nosuch", "--actor", "me"],
            "nothing in the log fits --source nosuch --actor me",
        ),
        (["log", "--source", "nosuch", "--json"], "nothing in the log fits --source nosuch"),
        (["log"], "the log is empty"),
    ],
)
def test_an_empty_answer_is_told(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """On stderr, so that a program that reads stdout sees just that there is nothing."""
    daemon.answers |= {op: {"result": {"entries": []}} for op in ("log", "history")}
    assert mailctl(*words) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_status_names_what_is_damaged_and_what_was_repaired() -> None:
    """With its cure; a server with damage is not called healthy."""
    damage = [{"part": "object 1f7a", "what": "it is damaged", "cure": "mailctl verify"}]
    repairs = [{"part": "agent", "how": "applied.json was lost", "at": 1.0}]
    lines = status_lines({**STATUS, "damage": damage, "repairs": repairs}, NOW)
    assert "degraded" in lines[0]
    assert "✗ damaged: object 1f7a: it is damaged. ► mailctl verify" in lines
    assert "⚠ repaired: agent: applied.json was lost" in lines
    assert "healthy" in status_lines({**STATUS, "repairs": repairs}, NOW)[0]
