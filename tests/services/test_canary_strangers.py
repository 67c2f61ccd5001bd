"""What the canary makes of lists of clients and senders, of domains, and of ports that only it can reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from pathlib import Path

import pytest

from agent.canary.reach import reach
from agent.canary.steps import PASSED, Verdict, failed
from agent.health.ports import listening_addresses
from services.dovecot.other_logins import other_logins
from services.postfix import strangers
from services.postfix.listed import (
    listed_clients,
    may_send_as_oneself,
    own_headers_are_refused,
    senders_are_refused,
)
from services.postfix.other_domains import every_domain
from services.postfix.refusals import client_is_named
from services.postfix.routes import Route
from services.postfix.strangers import own_address, refused, some_of_each_domain
from tests.services.test_canary_refusals import ground
from wire.manifest import Probe

UNKNOWN = "550 5.1.1 <you@example.test>: Recipient address rejected: User unknown in local recipient table"
RELAY = "554 5.7.1 <two@other.test>: Relay access denied"
DENIED = "554 5.7.1 <you@example.test>: Recipient address rejected: Access denied"
CLIENT = "554 5.7.1 <mail[192.0.2.3]>: Client host rejected: Access denied"
BLOCKED = "554 5.7.1 Service unavailable; Client host [192.0.2.3] blocked using bl.example.test"
HELO = "554 5.7.1 <[127.0.0.1]>: Helo command rejected: Access denied"
SENDER = "554 5.7.1 <>: Sender address rejected: Access denied"
NAMELESS = "550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.3]"
FULL = "552 5.2.2 <you@example.test>: Recipient address rejected: Mailbox is full"
LATER = "450 4.2.0 <you@example.test>: Recipient address rejected: Greylisted"
TAKEN = "250 2.1.5 Ok"


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ((TAKEN, RELAY), RELAY),
        ((UNKNOWN, TAKEN), UNKNOWN),
        ((DENIED, DENIED), DENIED),
        ((CLIENT,), CLIENT),
        ((DENIED, TAKEN), ""),
        ((BLOCKED, BLOCKED), ""),
        ((NAMELESS,), ""),
        ((HELO,), HELO),
        ((SENDER, SENDER), SENDER),
        ((FULL,), ""),
        ((LATER, LATER), ""),
        ((), ""),
    ],
)
def test_what_keeps_mail_of_others_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, replies: tuple[str, ...], words: str
) -> None:
    """That one is refused is a rule of his own; that one is unknown, or all are refused, is a fault."""
    monkeypatch.setattr(strangers, "_replies", lambda *_: iter(replies))
    assert refused(ground(tmp_path, {}), Probe("25", "smtp", 25), "192.0.2.3", ()) == words


@pytest.mark.parametrize("first", [HELO, SENDER])
def test_lists_of_names_and_senders_concern_these_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: str
) -> None:
    """Somebody with another name and a sender is asked for."""
    monkeypatch.setattr(strangers, "_replies", lambda *words: iter((TAKEN if len(words) > 4 else first,)))
    assert refused(ground(tmp_path, {}), Probe("25", "smtp", 25), "192.0.2.3", ()) == ""


@pytest.mark.parametrize(
    ("hosts", "address"),
    [
        ("127.0.0.1 localhost\n192.0.2.3\tmail.example.test mail\n", "192.0.2.3"),
        ("192.0.2.9 other\n2001:db8::1 mail\n192.0.2.3 mail # ours\n", "192.0.2.3"),
        ("127.0.1.1 mail\n", ""),
        ("\nnonsense mail\n", ""),
    ],
)
def test_its_own_address_has_a_name(tmp_path: Path, hosts: str, address: str) -> None:
    """Without one, nothing is asked that a name server would have to answer."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text(hosts)
    assert own_address(tmp_path, "mail") == address


def mailboxes(root: Path, *addresses: str, closed: str = "") -> None:
    """Tables of mailboxes, and of those that a command keeps from mail."""
    folder = root / "etc/postfix"
    folder.mkdir(parents=True)
    (folder / "vmailbox").write_text("# ours\n" + "".join(f"{each}\tx/\n" for each in addresses))
    (folder / "receive_access").write_text(f"{closed}\tREJECT\n" if closed else "")


def test_a_few_of_each_domain_are_asked_about(tmp_path: Path) -> None:
    """But for those who may not get mail."""
    names = ("a@one.test", "b@one.test", "c@one.test", "d@one.test", "e@two.test")
    mailboxes(tmp_path, *names, closed="a@one.test")
    assert some_of_each_domain(tmp_path) == ("b@one.test", "c@one.test", "e@two.test")


@pytest.mark.parametrize(
    ("settings", "clients"),
    [
        ("mynetworks = 127.0.0.0/8 [::1]/128", []),
        ("mynetworks = 127.0.0.0/8 10.1.0.0/16 192.0.2.7", ["10.1.0.1", "192.0.2.7"]),
        (
            "smtpd_client_restrictions = check_client_access cidr:{ {198.51.100.0/24 OK} {0.0.0.0/0 550} }",
            ["198.51.100.1"],
        ),
        (
            "smtpd_client_restrictions = check_client_access inline:{ 198.51.100.9=permit }, reject",
            ["198.51.100.9"],
        ),
        ("smtpd_client_restrictions = check_client_access cidr:/list", ["203.0.113.5"]),
        ("smtpd_client_restrictions = reject", []),
    ],
)
def test_clients_that_are_let_in_are_found(tmp_path: Path, settings: str, clients: list[str]) -> None:
    """A server may be for these alone."""
    (tmp_path / "list").write_text("# partners\n203.0.113.5 OK\n203.0.113.6 REJECT\n")
    assert listed_clients(ground(tmp_path, {"postconf": f"{settings}\n"})) == clients


@pytest.mark.parametrize(
    ("table", "refuses", "all_refused"),
    [
        ("pcre:{ {/@/ REJECT} }", True, True),
        ("pcre:{ {/\\.invalid/ REJECT} }", False, False),
        ("pcre:{ {/@partner\\.test/ OK} {/@/ REJECT} }", True, False),
        ("pcre:{ {!/@partner\\.test/ REJECT} }", True, False),
    ],
)
def test_a_list_of_senders_that_lets_nobody_in_is_known(
    tmp_path: Path, table: str, refuses: bool, all_refused: bool
) -> None:
    """One that names somebody may be meant."""
    answers = {"postconf": f"smtpd_sender_restrictions = check_sender_access {table}\n"}
    answers |= {f"someone@example.com {table}": "REJECT\n"} if refuses else {}
    assert senders_are_refused(ground(tmp_path, answers)) is all_refused


@pytest.mark.parametrize(
    ("refused_headers", "own"),
    [
        (["From: <canary@git-mailserver.invalid>"], True),
        (["From: <canary@git-mailserver.invalid>", "From: Somebody <someone@example.com>"], False),
        ([], False),
    ],
)
def test_headers_of_its_own_may_be_refused(tmp_path: Path, refused_headers: list[str], own: bool) -> None:
    """A rule against strange senders concerns nobody who is served."""
    answers = {"postconf": "header_checks = pcre:/x\n"}
    answers |= {f"{each} pcre:/x": "REJECT" for each in refused_headers}
    ours = ["From: <canary@git-mailserver.invalid>"]
    assert own_headers_are_refused(ground(tmp_path, answers), ours) is own


@pytest.mark.parametrize(
    ("owners", "own"), [("you@example.test", True), ("boss, you", True), ("nobody", False), ("", False)]
)
def test_who_may_send_from_the_own_address_is_asked(tmp_path: Path, owners: str, own: bool) -> None:
    """reject_sender_login_mismatch with a table that names others leaves nobody a sender."""
    answers = {"postconf": "submission/inet/smtpd_sender_login_maps = static:x\n"}
    answers |= {"you@example.test static:x": f"{owners}\n"} if owners else {}
    assert may_send_as_oneself(ground(tmp_path, answers), "you@example.test") is own


@pytest.mark.parametrize(
    ("way", "program", "settings", "said"),
    [
        ("local", "local", "", "knows no user nobody-here"),
        ("mine", "local", "lmtp:unix:/x", None),
        ("virtual", "virtual", "", "virtual_mailbox_base is empty"),
        ("virtual", "virtual", "/mail\nstatic:1\nstatic:1", None),
        ("discard", "discard", "", "sent to discard:"),
        ("nowhere", "", "", "nowhere, which is not a transport"),
        ("relay", "smtp", "", None),
    ],
)
def test_mail_of_a_domain_that_goes_nowhere_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str, program: str, settings: str, said: str | None
) -> None:
    """Whatever the way of the other domains."""
    mailboxes(tmp_path, "nobody-here@example.test")
    monkeypatch.setattr("services.postfix.other_domains.route_of", lambda *_: Route(way, "example.test"))
    row = f"{way} unix - - n - - {program}\n" if program else "\n"
    answers = {f"{way}/unix": row, "postconf": settings or "\n\n\n"}
    about = ground(tmp_path, answers)
    step = every_domain(about)
    assert step is not None
    found = step.run(about)
    assert (found.verdict == Verdict.FAILED) is (said is not None)
    assert (said or "") in found.words


@pytest.mark.parametrize(
    ("result", "known", "lost"),
    [
        ("gone@example.test", "", True),
        ("gone@example.test, you@example.test", "you@", False),
        ("", "", False),
    ],
)
def test_mail_that_is_rewritten_to_nobody_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: str, known: str, lost: bool
) -> None:
    """The addresses that a table puts in the place of a mailbox's are asked about."""
    mailboxes(tmp_path, "you@example.test")
    where = "services.postfix.other_domains"
    monkeypatch.setattr(f"{where}.route_of", lambda *_: Route("lmtp", "unix:/x"))
    monkeypatch.setattr(
        f"{where}.ask_lmtp",
        lambda _ground, _route, each: PASSED if known and each.startswith(known) else failed("550 unknown"),
    )
    answers = {"postconf": "\npcre:/x lmdb:/etc/postfix/virtual\n\n"}
    answers |= {"lmtp/unix": "lmtp unix - - n - - lmtp\n"}
    answers |= {"you@example.test pcre:/x": f"{result}\n"} if result else {}
    about = ground(tmp_path, answers)
    step = every_domain(about)
    assert step is not None
    found = step.run(about)
    assert (found.verdict == Verdict.FAILED) is lost
    assert not lost or "recipient_canonical_maps turns you@example.test into gone@example.test" in found.words


@pytest.mark.parametrize(
    ("said", "closed"),
    [
        ("no\nyes\n\n", True),
        ("no\nno\n\n", False),
        ("required\nyes\n\n", False),
        ("no\nyes\n192.0.2.0/24\n", False),
    ],
)
def test_without_tls_passwords_are_taken_from_loopback_alone(tmp_path: Path, said: str, closed: bool) -> None:
    """Unless Dovecot is told that they may come in the clear."""
    about = ground(tmp_path, {"doveconf": said})
    step = next(iter(other_logins(about)))
    assert (step.run(about).verdict == Verdict.FAILED) is closed


LOOPBACK, ALL = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("0.0.0.0")  # noqa: S104


@pytest.mark.parametrize(
    ("where", "hidden"),
    [
        ({143: [ALL], 993: [ALL]}, False),
        ({143: [LOOPBACK], 993: [ALL]}, False),
        ({143: [LOOPBACK], 993: [LOOPBACK, ipaddress.ip_address("::1")]}, True),
        ({}, False),
    ],
)
def test_ports_that_nobody_else_can_reach_have_failed(
    tmp_path: Path, where: dict[int, Collection[ipaddress.IPv4Address]], hidden: bool
) -> None:
    """Of the ports with one role, one is enough; where the kernel does not tell, nothing is said."""
    about = ground(tmp_path, {})
    about.probes = {"dovecot": [Probe("143", "imap", 143), Probe("993", "imap", 993)]}
    found = reach("dovecot", (("143", "993"),), "", lambda port: where.get(port, ())).run(about)
    assert (found.verdict == Verdict.FAILED) is hidden


def test_addresses_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    """In words of the machine's order."""
    (tmp_path / "tcp").write_text("head\n 0: 0100007F:008F 00000000:0000 0A x\n 1: 00000000:0019 0:0 0A x\n")
    (tmp_path / "tcp6").write_text(f"head\n 0: {'0' * 24}01000000:008F {'0' * 32}:0000 0A x\n")
    found = listening_addresses(143, tmp_path)
    assert found == {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    assert all(each.is_unspecified for each in listening_addresses(25, tmp_path))


def test_a_list_of_private_networks_concerns_nobody_else(tmp_path: Path) -> None:
    """Nobody comes from these on the internet; a list that refuses everybody is another thing."""
    answers = {
        "postconf": "smtpd_client_restrictions = check_client_access cidr:/x\n",
        "10.1.2.3 cidr:/x": "REJECT",
    }
    assert client_is_named(ground(tmp_path, answers), "10.1.2.3")
    assert not client_is_named(ground(tmp_path, answers | {"198.41.0.4 cidr:/x": "REJECT"}), "10.1.2.3")
