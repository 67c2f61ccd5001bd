"""`mailctl` as people and scripts use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.answers import CERTIFICATE, STATUS
from tests.cli.conftest import Peer

Run = Callable[..., int]


def test_certificates_are_told_with_what_is_wrong(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row each; below it what ends soon, was refused or passed over; --json has it all."""
    soon = {**CERTIFICATE, "days": 1, "warnings": ["ends in 1 day: renew it"]}
    over = {**CERTIFICATE, "slot": "fallback", "days": -3, "serves": False, "key": "RSA 2048"}
    answer = {
        "certificates": [soon, over],
        "refused": [{"slot": "default", "reason": "/c: no"}],
        "passed_over": [{"slot": "default", "place": "/acme.json (a.test of le)", "reason": "it ended"}],
    }
    daemon.answers["certificates"] = {"result": answer}
    assert mailctl("certificates") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["slot", "names", "key", "issuer", "end", "read", "from"]
    assert "ECDSA P-256  CN=Test CA  2027-01-25, ends in 1 day" in lines[1]
    assert lines[2].startswith("fallback (not served)  mail.example.test  RSA 2048")
    assert lines[3:] == [
        "⚠ certificate default ends in 1 day: renew it",
        "⚠ certificate default is not taken over: /c: no",
        "⚠ /acme.json (a.test of le) is passed over for certificate default: it ended",
    ]
    assert mailctl("certificates", "--json") == 0
    assert json.loads(capsys.readouterr().out) == answer
    daemon.answers["certificates"] = {"result": {"certificates": [], "refused": []}}
    assert mailctl("certificates") == 0
    assert capsys.readouterr().out == "no certificate: TLS is off\n"


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
        "accounts": ["a@b.c"],
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
    assert mailctl("reconcile", "--json") == 1


def test_reconcile_says_of_what_is_held_that_it_failed_again(
    mailctl: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The release itself serves, without it: it was not rolled back to itself."""
    outcome = {"outcome": "rolled_back", "release": 9, "serving": 9, "service": "dovecot", "reason": "silent"}
    held = ["⚠ config/dovecot.cf:1 of change set 16 by Ada stays held: silent"]
    answer = {"position": 0, "release": 9, "before": 9, "outcome": outcome, "held": held}
    daemon.answers["reconcile"] = {"result": answer}
    assert mailctl("reconcile") == 1
    said = capsys.readouterr().err
    assert "release 9 serves, but what is held of it failed again and was rolled back" in said
    assert f"  {held[0]}" in said
