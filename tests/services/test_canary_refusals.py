"""What the canary makes of answers that are about itself, or that hide behind another verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.canary.steps import Finding, Ground, Verdict, without_remarks
from agent.commands import Ran
from agent.errors import Unavailable
from agent.health.logs import LogMark
from services.dovecot.canary import FIELDS, NAMED
from services.postfix.canary import MOST, guarded, some
from services.postfix.refusals import OWN_NAMES, has_room, is_named, loopback_is_named
from services.postfix.routes import Route, Routes, ask_routes
from services.postfix.ways import delivery

REMARK = "doveconf: Warning: /etc/dovecot/dovecot.conf line 9: Global setting mail_plugins won't change it\n"


def ground(tmp_path: Path, answers: dict[str, str]) -> Ground:
    """A run whose commands answer so, by the words after an option, or by the program; others fail."""

    def runner(command: Sequence[str], _: float) -> Ran:
        said = answers.get(" ".join(command[2:])) or answers.get(command[0])
        return Ran(1, "") if said is None else Ran(0, said)

    mark = LogMark(tmp_path, {})
    made = Ground(tmp_path, {}, runner, mark, time.monotonic() + 1, 1.0, (0, 0))
    made.address = made.served = "you@example.test"
    return made


@pytest.mark.parametrize(
    ("settings", "answers", "named"),
    [
        (
            "smtpd_client_restrictions = permit_mynetworks, check_client_access cidr:/x",
            {"127.0.0.1 cidr:/x": "REJECT\n"},
            True,
        ),
        (
            "smtpd_client_restrictions = check_client_access { hash:/x, search_order=cidr }",
            {"localhost hash:/x": "550 no\n"},
            True,
        ),
        (
            "smtpd_client_restrictions = check_client_access cidr:/x",
            {"127.0.0.1 cidr:/x": "REJECT\n", "203.0.113.77 cidr:/x": "REJECT\n"},
            False,
        ),
        ("smtpd_client_restrictions = check_client_access cidr:/x", {"127.0.0.1 cidr:/x": "DUNNO\n"}, False),
        ("smtpd_client_restrictions = reject", {}, False),
    ],
)
def test_loopback_alone_may_be_refused(
    tmp_path: Path, settings: str, answers: dict[str, str], named: bool
) -> None:
    """A table that refuses strangers as well counts."""
    assert loopback_is_named(ground(tmp_path, {"postconf": f"{settings}\n", **answers})) is named


@pytest.mark.parametrize(
    ("settings", "answers", "named"),
    [
        ("-nx", {"you@example.test lmdb:/x": "REJECT\n"}, True),
        ("-Px", {"you@ lmdb:/x": "550 5.1.1 gone\n"}, True),
        ("-nx", {"you@example.test lmdb:/x": "DUNNO\n"}, False),
        ("-nx", {"lmdb:/x": "REJECT\n"}, False),
    ],
)
def test_a_list_may_name_one_recipient(
    tmp_path: Path, settings: str, answers: dict[str, str], named: bool
) -> None:
    """Where a neighbour would be refused as well, by a pattern, it is not about one."""
    checks = "smtpd_recipient_restrictions = check_recipient_access lmdb:/x, permit\n"

    def runner(command: Sequence[str], _: float) -> Ran:
        if command[0] == "postconf":
            return Ran(0, checks if command[1] == settings else "")
        said = answers.get(" ".join(command[2:])) or answers.get(command[-1])
        return Ran(1, "") if said is None else Ran(0, said)

    run = ground(tmp_path, {})
    run.runner = runner
    assert is_named(run, "you@example.test") is named


def test_some_others_of_the_domain_are_asked_about(tmp_path: Path) -> None:
    """Fewer than after how many errors smtpd(8) makes a client wait, and nobody of another domain."""
    run = ground(tmp_path, {})
    names = ["you@example.test", "you@other.test", *(f"user{number}@example.test" for number in range(9))]
    run.people = lambda: iter(names)
    assert some(run) == [name for name in names if name != "you@other.test"][:MOST]


@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("550 5.7.1 <git-mailserver.invalid>: Helo command rejected: Host not found", True),
        ("554 5.7.1 <canary@git-mailserver.invalid>: Sender address rejected: Access denied", True),
        ("554 5.7.1 <you@example.test>: Recipient address rejected: Access denied", False),
    ],
)
def test_refusals_of_its_own_name_are_known(words: str, own: bool) -> None:
    """They are asked again by another name before they count."""
    assert bool(OWN_NAMES.search(words)) is own


def test_remarks_are_no_answer(tmp_path: Path) -> None:
    """`mail_plugins = $mail_plugins acl` makes doveconf warn; postconf warns of unused parameters."""
    assert without_remarks(f"{REMARK}maildir:/var/mail\n", "doveconf") == "maildir:/var/mail"
    answer = "postconf: warning: /etc/postfix/main.cf: unused parameter: x=y\n" + "\n" * 6
    routes = ask_routes(ground(tmp_path, {"postconf": answer}))
    assert "always_bcc" not in routes.leads_away


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (r'* LIST (\HasNoChildren) "." "Sub.Folder"', "Sub.Folder"),
        (r'* LIST (\HasNoChildren \UnMarked) "/" INBOX', "INBOX"),
        (r'* LIST (\Noselect \HasChildren) "." Sub', None),
        (r'* LIST (\NonExistent \HasChildren) "." Sub', None),
    ],
)
def test_folders_that_are_names_alone_are_not_opened(line: str, name: str | None) -> None:
    """`fileinto :create "Sub.Folder"` makes one."""
    found = NAMED.search(line)
    assert (found[1] if found else None) == name


def test_a_session_too_many_says_nothing(tmp_path: Path) -> None:
    """A site may allow each client a connection or two; another refusal of the greeting counts."""

    def refuse(words: str) -> Finding:
        raise Unavailable(words)

    busy = "421 4.7.0 mail.example.test Error: too many connections from 127.0.0.1"
    assert guarded("x", lambda _: refuse(busy)).run(ground(tmp_path, {})).verdict == Verdict.UNCLEAR
    with pytest.raises(Unavailable):
        guarded("x", lambda _: refuse("521 5.3.2 Service currently unavailable")).run(ground(tmp_path, {}))


def test_scripts_send_none_of_its_mail_on() -> None:
    """Whatever a script would send away is handed to a program that keeps it."""
    fields = dict(field.split("=", 1) for field in FIELDS.split())
    assert fields["userdb_sendmail_path"] == "{outside}"
    assert all(fields.values()), "Dovecot takes a field without a value as yes"


@pytest.mark.parametrize("transport", ["discard", "error", "retry"])
def test_mail_that_no_mailbox_gets_has_failed(tmp_path: Path, transport: str) -> None:
    """Where somebody's mail went by LMTP before, that is worse."""
    step = delivery(Routes(kept=Route(transport, "example.test")))
    assert step is not None
    found = step.run(ground(tmp_path, {}))
    assert (step.name, found.verdict) == ("delivery to a mailbox", Verdict.FAILED)
    assert transport in found.words


def test_room_is_looked_for(tmp_path: Path) -> None:
    """A disk without a queue has none to speak of."""
    assert not has_room(ground(tmp_path, {}))
