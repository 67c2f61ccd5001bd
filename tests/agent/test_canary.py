"""What a run of the canary says: which refusals count, what is worse than before, where mail may go."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import pytest

from agent.apply import tried
from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.apply.suspect import likeness
from agent.apply.tried import PAUSES, QUICK, run_until_sure, was_so_before
from agent.canary.steps import Canary, Finding, Ground, Report, Step, Verdict
from agent.canary.trial import run_trial
from agent.canary.watch import Watch
from agent.commands import Ran
from agent.errors import Unavailable
from agent.health.logs import LogMark
from agent.release.manifest import Release
from services.dovecot.announced_files import FRESH
from services.dovecot.canary import CANARY as DOVECOT
from services.dovecot.canary import USERDB, place_like, prepare
from services.dovecot.canary import steps as dovecot_steps
from services.postfix.canary import ALIASES, forwarded, judged
from services.postfix.queue import Sweep
from services.postfix.routes import COPIES, IDENTITY, REWRITES, Route, copying_rules, leads_away
from wire.canary import ADDRESS, DOMAIN


def ground(tmp_path: Path) -> Ground:
    """A run with nothing around it."""
    mark = LogMark(tmp_path, {})
    return Ground(tmp_path, {}, lambda *_: Ran(0, ""), mark, time.monotonic() + 1, 1.0, (0, 0))


def step(name: str, found: Finding | Exception, last: bool = False) -> Step:
    """A step that finds, or raises."""

    def run(_: Ground) -> Finding:
        if isinstance(found, Exception):
            raise found
        return found

    return Step(name, run, last)


def report(**verdicts: Verdict) -> Report:
    """A run whose steps ended so."""
    return Report(tuple(Finding(verdict, step=name) for name, verdict in verdicts.items()), 0.0, 0.0)


def test_a_step_that_raises_has_failed_in_the_daemons_words(tmp_path: Path) -> None:
    """Whatever a step meets is a finding; the last ones are left out where an earlier one is news."""
    steps = (step("a", Unavailable("554 no")), step("b", Finding()), step("z", Finding(), last=True))
    canaries = {"one": Canary(lambda _: steps)}
    found = run_trial(ground(tmp_path), canaries)
    assert [(f.step, f.verdict, f.words, f.service) for f in found.findings] == [
        ("a", "failed", "554 no", "one"),
        ("b", "passed", "", "one"),
        ("z", "passed", "", "one"),
    ]
    before = report(a=Verdict.PASSED, b=Verdict.PASSED, z=Verdict.PASSED)
    found = run_trial(ground(tmp_path), canaries, before)
    assert [f.step for f in found.findings] == ["a", "b"]


QUEUE = """\
postqueue: warning: canary@git-mailserver.invalid
{"queue_id": "A1", "sender": "canary@git-mailserver.invalid", "recipients": [{"address": "you@example.test"}]}
{"queue_id": "B2", "sender": "MAILER-DAEMON", "recipients": [{"address": "canary@git-mailserver.invalid"}]}
{"queue_id": "C3", "sender": "a@example.test", "recipients": [{"address": "xcanary@git-mailserver.invalid"}]}
"""


def test_what_a_killed_run_left_in_the_queue_goes(tmp_path: Path) -> None:
    """Nothing of other people does; the queue is not read any more once it is clean."""
    told: list[str] = []
    listings = iter([Ran(1, "mail system is down"), Ran(0, QUEUE), Ran(0, ""), Ran(0, QUEUE)])

    def runner(words: Sequence[str], _: float) -> Ran:
        told.append(" ".join(words))
        return next(listings) if words[0] == "postqueue" else Ran(0, "")

    sweep, here = Sweep(), replace(ground(tmp_path), runner=runner)
    for _ in range(5):
        sweep(here)
    gone = [words for words in told if words != "postqueue -j"]
    assert gone == ["postsuper -d A1 deferred", "postsuper -d B2 deferred"]
    assert len(told) == len(gone) + 3


def test_what_cannot_begin_has_not_passed(tmp_path: Path) -> None:
    """It takes nothing back, and changes nothing of what is known to be broken."""

    def full(_: Ground) -> None:
        raise OSError("No space left on device")

    found = run_trial(ground(tmp_path), {"one": Canary(lambda _: (step("a", Finding()),), prepare=full)})
    assert [(f.step, f.verdict, f.words) for f in found.findings] == [
        ("preparation", "failed", "No space left on device")
    ]
    assert found.as_dict()["passed"] is False
    assert found.worse_than(report(a=Verdict.PASSED)) == ()
    watch = Watch(tmp_path, {}, lambda *_: Ran(0, ""), lambda: LogMark(tmp_path, {}), str)
    watch.keep(report(a=Verdict.PASSED))
    watch.keep(report(a=Verdict.FAILED), repeated=True)
    watch.keep(found, repeated=True)
    assert watch.broken == ("a",)


def test_only_what_worked_before_can_be_worse() -> None:
    """What failed before, what is new and what cannot be judged say nothing of a release."""
    before = report(a=Verdict.PASSED, b=Verdict.FAILED, c=Verdict.UNCLEAR)
    after = report(a=Verdict.UNCLEAR, b=Verdict.FAILED, c=Verdict.FAILED, d=Verdict.FAILED)
    assert [f.step for f in after.worse_than(before)] == ["c"]
    assert after.worse_than(after) == ()


def test_a_failure_that_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused for good, took its time, or failed before is not; nothing is tried for ever."""
    good, bad = report(a=Verdict.PASSED), report(a=Verdict.FAILED)
    slow = replace(bad, seconds=QUICK)
    monkeypatch.setattr(tried, "slowness", lambda: 1.0)
    refused = Report((Finding(Verdict.FAILED, "554 5.7.1 no", "a"),), 0.0, 0.0)
    for before, runs, paused in (
        (good, [bad, good], PAUSES[:1]),
        (good, [bad, bad, bad, good], PAUSES[:3]),
        (good, [bad] * (len(PAUSES) + 1), PAUSES),
        (good, [bad, refused], PAUSES[:1]),
        (good, [good], ()),
        (good, [slow], ()),
        (bad, [bad], ()),
        (None, [bad], ()),
    ):
        pauses: list[float] = []
        left = iter(runs)
        assert run_until_sure(lambda left=left: next(left), before, pauses.append) is runs[-1]
        assert (tuple(pauses), list(left)) == (tuple(paused), [])
    monkeypatch.setattr(tried, "slowness", lambda: 2.0)
    left = iter([slow, good])
    assert run_until_sure(lambda: next(left), good, lambda _: None) is good, "a busy machine takes longer"


@pytest.mark.parametrize(
    ("found", "so", "runs"),
    [
        (["bad", "bad"], True, 2),
        (["good"], False, 1),
        (["bad", "good"], False, 2),
        (["other"], False, 1),
    ],
)
def test_what_broke_by_itself_is_no_fault_of_a_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: list[str], so: bool, runs: int
) -> None:
    """What a release was taken back for is tried once more, twice, with the one that serves again."""
    reports = {
        "good": report(a=Verdict.PASSED, b=Verdict.PASSED),
        "bad": report(a=Verdict.FAILED, b=Verdict.PASSED),
        "other": report(a=Verdict.PASSED, b=Verdict.FAILED),
    }
    watch = Watch(tmp_path, {}, lambda *_: Ran(0, ""), lambda: LogMark(tmp_path, {}), str)
    watch.keep(reports["good"])
    left = [reports[name] for name in found]
    monkeypatch.setattr(tried, "run_canary", lambda *_: left.pop(0))
    monkeypatch.setattr(tried, "PAUSES", ())
    attempt = Attempt(cast(Node, SimpleNamespace(watch=watch)), Mock(), Release("c", 1), Release("d", 2))
    assert not was_so_before(attempt), "the canary did not take it back"
    attempt.worse = ("a",)
    assert was_so_before(attempt) is so
    assert len(found) - len(left) == runs
    assert watch.last is (reports["bad"] if so else reports["good"])


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("450 4.2.0 <a@b.c>: Recipient address rejected: Greylisted", Verdict.UNCLEAR),
        ("450 4.1.8 <a@b.c>: Sender address rejected: Domain not found", Verdict.UNCLEAR),
        ("451 4.7.1 Try again later", Verdict.UNCLEAR),
        ("452 4.3.1 Insufficient system storage", Verdict.UNCLEAR),
        ("421 4.7.0 mail.example.test Error: too many connections from 127.0.0.1", Verdict.UNCLEAR),
        ("552 5.2.2 <a@b.c>: Recipient address rejected: Mailbox is full", Verdict.UNCLEAR),
        ("451 4.3.5 Server configuration problem", Verdict.FAILED),
        ("451 4.3.0 <a@b.c>: Temporary lookup failure", Verdict.FAILED),
        ("451 4.7.1 Service unavailable - try again later", Verdict.FAILED),
        ("554 5.7.1 <a@b.c>: Recipient address rejected: Access denied", Verdict.FAILED),
    ],
)
def test_later_is_no_failure_unless_the_server_is_in_trouble(words: str, verdict: Verdict) -> None:
    """A policy's 4yz is its right; Postfix's own is a fault."""

    def refuse() -> None:
        raise Unavailable(words)

    assert judged(refuse) == Finding(verdict, words)


@pytest.mark.parametrize(
    ("values", "nexthop", "away"),
    [
        ({}, "unix:/var/run/dovecot/lmtp", ""),
        ({}, DOMAIN, ""),
        ({}, "[127.0.0.1]:10025", ""),
        ({}, "inet:127.0.0.1:24", ""),
        ({}, "[mail.elsewhere.test]", "delivered by"),
        ({}, "127.0.0.1.elsewhere.test", "delivered by"),
        ({"always_bcc": "archive@example.test"}, DOMAIN, "always_bcc"),
        ({"recipient_canonical_maps": "pcre:/x"}, DOMAIN, "recipient_canonical_maps"),
        ({"virtual_alias_maps": "pcre:/x"}, DOMAIN, "virtual_alias_maps"),
        ({"rules": "/^Subject:/ BCC other@example.test"}, DOMAIN, "BCC"),
    ],
)
def test_no_message_leaves_the_server(values: dict[str, str], nexthop: str, away: str) -> None:
    """Nor comes to somebody's eyes: then it is not sent."""
    known = dict.fromkeys((*COPIES, *REWRITES), "") | {"virtual_alias_maps": f"{IDENTITY} lmdb:/x"} | values
    found = leads_away(known, Route("lmtp", nexthop))
    assert (away in found) if away else not found


def test_a_domain_that_is_not_ours_leads_away() -> None:
    """Whoever lists the domains by hand does not list the canary's: it would be looked for elsewhere."""
    known = dict.fromkeys((*COPIES, *REWRITES), "") | {"virtual_alias_maps": IDENTITY}
    assert leads_away(known, Route("smtp", DOMAIN))
    assert not leads_away(known, Route("dovecot", DOMAIN))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("header_checks = pcre:{ {/^Subject:/ BCC other@example.test} }", True),
        ("header_checks = pcre:/checks", True),
        ("smtpd_client_restrictions = check_client_access cidr:/access", True),
        ("header_checks = pcre:/plain", False),
        ("myhostname = mail.example.test", False),
    ],
)
def test_rules_that_copy_messages_are_found(tmp_path: Path, value: str, found: bool) -> None:
    """In the parameter itself, and in the table of text that it names."""
    (tmp_path / "checks").write_text("# a remark\n/^Subject:/ REDIRECT other@example.test\n")
    (tmp_path / "access").write_text("127.0.0.0/8 bcc other@example.test\n")
    (tmp_path / "plain").write_text("# BCC other@example.test\n/^X-BCC: a@b/ IGNORE\n")
    assert bool(copying_rules(tmp_path, [value, ""])) is found


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("maildir:/var/mail/%Ld/%Ln", "maildir:/run/mail-canary/mail"),
        ("mdbox:~/mdbox:ALT=/slow/%u:LAYOUT=fs", "mdbox:/run/mail-canary/mail:LAYOUT=fs"),
        ("mbox:~/mail:INBOX=/var/mail/%u", "mbox:/run/mail-canary/mail:INBOX=/run/mail-canary/mail/inbox"),
        ("", "maildir:/run/mail-canary/mail"),
    ],
)
def test_the_mailbox_has_everybodys_format_and_a_place_of_its_own(location: str, place: str) -> None:
    """No option leads to a folder of somebody's."""
    assert place_like(location) == place


def test_dovecot_has_forgotten_the_last_format_when_the_steps_begin(tmp_path: Path) -> None:
    """It takes a passwd-file as it saw it in this second: the line changes, so the second ends first."""
    for folder in ("run", "etc/dovecot"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / USERDB).write_text("")
    run = ground(tmp_path)
    run.owner = os.geteuid(), os.getegid()
    line = tmp_path / FRESH / ADDRESS
    seen: list[int] = []
    before = ""
    for form in ("sdbox", "mdbox", "mdbox"):
        ran = Ran(0, f"{form}:/var/mail\n")
        run.runner = lambda *_, ran=ran: ran
        start, until = time.time(), run.until
        prepare(run)
        waited = run.until - until
        assert f"userdb_mail={form}:/" in line.read_text()
        if seen and form not in before:
            assert int(start + waited) > int(start)
            assert int(line.stat().st_mtime) not in seen
        else:
            assert not waited
        seen.append(int(line.stat().st_mtime))
        before = line.read_text()


def test_what_sessions_left_at_home_goes(tmp_path: Path) -> None:
    """It belongs to who owned mail then, which a setting may change."""
    home = tmp_path / "run/mail-canary" / "home"
    for folder in (home / "sieve", tmp_path / "etc/dovecot"):
        folder.mkdir(parents=True)
    (tmp_path / USERDB).write_text("")
    run = ground(tmp_path)
    run.owner = os.geteuid(), os.getegid()
    prepare(run)
    assert list(home.iterdir()) == []


def test_who_is_only_forwarded_for_has_no_mailbox(tmp_path: Path) -> None:
    """Mail for an alias can be taken on port 25 alone; the first account goes before it."""
    for folder in ("run", "etc/dovecot", "etc/postfix"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ALIASES).write_text("# ours\n@all.test x@y.test\nme@forward.test\tout@elsewhere.test\n")
    for users, served, account in (("", "me@forward.test", ""), ("a@b.test:x\n", "a@b.test", "a@b.test")):
        (tmp_path / USERDB).write_text(users)
        run = ground(tmp_path)
        run.owner = os.geteuid(), os.getegid()
        run_trial(run, {"dovecot": replace(DOVECOT, steps=lambda _: ()), "postfix": Canary(people=forwarded)})
        assert (run.served, run.account) == (served, account)
        names = [step.name for step in dovecot_steps(run)]
        assert ("an account and its mailbox" in names) is bool(account)
    assert list(run.people()) == ["a@b.test", "me@forward.test"]


def test_a_server_that_serves_nobody_any_more_is_not_healthy(tmp_path: Path) -> None:
    """A failure counts at the second try, where people were served before and nobody wants it so."""
    watch = Watch(tmp_path, {}, lambda *_: Ran(0, ""), lambda: LogMark(tmp_path, {}), str)
    good, bad = report(a=Verdict.PASSED, b=Verdict.FAILED), report(a=Verdict.FAILED, b=Verdict.FAILED)
    watch.keep(bad, repeated=True)
    assert watch.broken == ()  # it never did
    watch.keep(good)
    watch.keep(bad)
    assert watch.broken == ()  # once may be chance
    watch.keep(bad, repeated=True)
    assert watch.broken == ("a",)
    watch.keep(bad)
    assert watch.broken == ("a",)
    watch.keep(good)
    assert watch.broken == ()
    watch.keep(bad, ("a: 554 no",))
    watch.keep(bad, repeated=True)
    assert watch.broken == ()


@pytest.mark.parametrize(
    ("said", "about", "line"),
    [
        ("554 5.7.1 Recipient address rejected", "", "smtpd_recipient_restrictions = permit_mynetworks"),
        ("listen(127.0.0.1, 4190) failed", "", "listen = 127.0.0.1"),
        ("fatal: no SASL authentication mechanisms", "", "smtpd_sasl_security_options = noplaintext"),
        ("port 25 listens on 127.0.0.1 alone", "inet_interfaces", "inet_interfaces = loopback-only"),
        ("log-in by IMAP does not work any more", "service *_client_limit", "default_client_limit = 1"),
        ("log-in on port 587", "smtpd_sasl_*", "  -o smtpd_sasl_auth_enable=no"),
    ],
)
def test_the_line_that_resembles_what_was_said_is_named(said: str, about: str, line: str) -> None:
    """Names of settings begin as the words that daemons say of them; a step knows some that matter."""
    others = ("maximal_queue_lifetime = 4d", "mail_max_userip_connections = 30", "smtp_helo_timeout = 60s")
    assert all(likeness(said, about, line) > likeness(said, about, other) for other in others)
