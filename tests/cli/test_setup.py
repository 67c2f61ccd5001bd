"""`setup` as people and scripts use it."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.cli.setup.email.list import account_lines
from controlplane.cli.setup.passwords import hash_password
from tests.cli.conftest import Peer

Run = Callable[..., int]
SERVED = {
    "result": {"position": 7, "release": 4, "outcome": {"outcome": "applied", "release": 4, "seconds": 0.1}}
}


@pytest.mark.shows("setup help")
def test_alone_it_prints_the_help(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`setup`, `setup help` and `setup email` print what there is and succeed."""
    assert setup() == 0
    alone = capsys.readouterr().out
    assert "email" in alone
    assert setup("help") == 0
    assert capsys.readouterr().out == alone
    assert setup("email") == 0
    assert "Add the account ADDRESS" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nonsense"], ["email", "nonsense"]])
def test_an_unknown_command_is_invalid(
    setup: Run, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown command is named in the known words, in the first line, and fails."""
    assert setup(*words) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"The command '{' '.join(words)}' is invalid."


def test_restrict_alone_is_wrong_usage(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was restricted, which a script has to notice."""
    assert setup("email", "restrict") == 2
    assert "say what to do: add, del, list" in capsys.readouterr().err


@pytest.mark.parametrize(("direction", "what"), [("send", "sending"), ("receive", "receiving")])
def test_lifting_a_restriction_that_is_not_there_is_a_notice(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], direction: str, what: str
) -> None:
    """As with an alias: it succeeds, and says that nothing was there."""
    daemon.answers["edit"] = {"result": {"position": 0, "release": 4, "outcome": None}}
    assert setup("email", "restrict", "del", direction, "a@b.test") == 0
    assert f"a@b.test is not kept from {what}" in capsys.readouterr().err


@pytest.mark.shows("setup alias del")
def test_deleting_an_alias_that_is_not_there_is_a_notice(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts may clean up blindly."""
    daemon.answers["edit"] = {"result": {"position": 0, "release": 4, "outcome": None}}
    assert setup("alias", "del", "info@b.test", "a@b.test") == 0
    assert "info@b.test does not lead to a@b.test" in capsys.readouterr().err


@pytest.mark.shows("setup email add")
def test_adding_an_account_sends_only_the_hash(setup: Run, daemon: Peer) -> None:
    """The password given as argument leaves the process hashed; the reason goes along."""
    daemon.answers["edit"] = SERVED
    assert setup("email", "add", "user1@example.test", "secret", "--reason", "ticket 1") == 0
    asked = daemon.asked("edit")
    assert asked.pop("password_hash").startswith("{SHA512-CRYPT}$6$")
    assert asked == {
        "command": "account.add",
        "address": "user1@example.test",
        "reason": "ticket 1",
        "wait": True,
    }
    assert "secret" not in str(daemon.requests)


def test_a_hash_is_never_made_of_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hashing tool gets the password on stdin."""
    seen: list[object] = []
    real = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        seen.extend(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    assert hash_password("päss wörd").startswith("{SHA512-CRYPT}$6$")
    assert "päss wörd" not in seen


@pytest.mark.shows("setup email add", "setup email update")
def test_a_missing_password_is_read_from_stdin(
    setup: Run, daemon: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script may pipe the password in."""
    daemon.answers["edit"] = SERVED
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    assert setup("email", "update", "user1@example.test") == 0
    assert daemon.asked("edit")["command"] == "account.update"


def test_an_empty_password_is_refused(
    setup: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing on stdin is not a password."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert setup("email", "add", "user1@example.test") == 2
    assert "the password is empty" in capsys.readouterr().err


def test_a_terminal_is_asked_twice_without_echo(daemon: Peer) -> None:
    """On a terminal the password is asked for and confirmed, and never shown."""
    daemon.answers["edit"] = SERVED
    ours, theirs = pty.openpty()
    code = "from controlplane.cli.setup import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "email", "add", "user1@example.test"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = _answer(ours, ["Enter Password", "Confirm Password"], b"secret\n")
        assert process.wait(60) == 0, seen
    os.close(ours)
    assert "secret" not in seen
    assert daemon.asked("edit")["address"] == "user1@example.test"


def _answer(terminal: int, questions: list[str], answer: bytes) -> str:
    seen, left = "", list(questions)
    while True:
        try:
            chunk = os.read(terminal, 1024)
        except OSError:  # Linux: the other side is closed (pty(7))
            return seen
        if not chunk:
            return seen
        seen += chunk.decode()
        if left and left[0] in seen:
            left.pop(0)
            os.write(terminal, answer)


def test_an_address_needs_a_domain(setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """A bare name is wrong usage, and nobody is asked."""
    assert setup("email", "add", "user1", "secret") == 2
    assert "no domain part" in capsys.readouterr().err
    assert daemon.requests == []


@pytest.mark.shows("setup email del")
def test_deleting_keeps_the_mail_unless_told(setup: Run, daemon: Peer, agent: Peer) -> None:
    """Without -y and without a terminal the accounts go and their mail stays."""
    daemon.answers["edit"] = SERVED
    assert setup("email", "del", "a@example.test", "b@example.test") == 0
    assert daemon.asked("edit")["addresses"] == ["a@example.test", "b@example.test"]
    assert agent.requests == []


@pytest.mark.shows("setup email del")
def test_deleting_with_yes_deletes_the_mail(setup: Run, daemon: Peer, agent: Peer) -> None:
    """-y deletes the mail of each address, through the agent."""
    daemon.answers["edit"] = SERVED
    assert setup("email", "del", "-y", "a@example.test", "b@example.test") == 0
    assert [r["address"] for r in agent.requests] == ["a@example.test", "b@example.test"]


@pytest.mark.shows("setup email del")
def test_deleting_nothing_is_a_silent_success(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there was no such account, nothing is said."""
    daemon.answers["edit"] = {"result": {"position": 0}}
    assert setup("email", "del", "a@example.test") == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


@pytest.mark.shows("setup email list")
@pytest.mark.parametrize(
    ("account", "lines"),
    [
        ({"address": "a@b.c"}, ["* a@b.c"]),
        ({"address": "a@b.c", "used": 0, "limit": None, "percent": 0}, ["* a@b.c ( 0 / ~ ) [0%]"]),
        (
            {"address": "a@b.c", "used": 1536, "limit": 12288, "percent": 12, "aliases": ["x@b.c", "y@b.c"]},
            ["* a@b.c ( 1.5M / 12M ) [12%]", "    [ aliases -> x@b.c, y@b.c ]"],
        ),
    ],
)
def test_accounts_are_listed_in_the_known_form(account: dict[str, object], lines: list[str]) -> None:
    """Usage and limit with units, `~` for none, aliases in a line below."""
    assert account_lines(account) == lines


@pytest.mark.shows("setup alias add", "setup alias list")
def test_aliases_are_sent_and_listed(setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """An alias is added, deleted and listed as `* alias target`."""
    daemon.answers["edit"] = SERVED
    daemon.answers["aliases"] = {"result": {"aliases": [{"alias": "i@b.c", "targets": ["a@b.c", "d@b.c"]}]}}
    assert setup("alias", "add", "i@b.c", "a@b.c") == 0
    assert daemon.asked("edit") == {
        "command": "alias.add", "alias": "i@b.c", "target": "a@b.c", "reason": "", "wait": True,
    }  # fmt: skip
    assert setup("alias", "del", "i@b.c", "a@b.c") == 0
    assert daemon.requests[-1]["command"] == "alias.remove"
    assert setup("alias", "list") == 0
    assert capsys.readouterr().out == "* i@b.c a@b.c,d@b.c\n"


@pytest.mark.shows("setup alias list", "setup email list")
@pytest.mark.parametrize("many", [0, 1, 2_000, 4_001])
def test_long_lists_are_printed_whole(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str], many: int
) -> None:
    """A line each, however many are written at once."""
    names = [f"user{number}@b.c" for number in range(many)]
    daemon.answers["aliases"] = {"result": {"aliases": [{"alias": f"x{n}", "targets": [n]} for n in names]}}
    daemon.answers["accounts"] = {"result": {"accounts": [{"address": n, "aliases": [n]} for n in names]}}
    assert setup("alias", "list") == setup("email", "list") == 0
    lines = [f"* x{n} {n}\n" for n in names]
    lines += [text for n in names for text in (f"* {n}\n", f"    [ aliases -> {n} ]\n")]
    assert capsys.readouterr().out == "".join(lines)


def test_a_change_that_could_not_serve_fails(
    setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The agent's reason is reported, and what serves instead."""
    outcome = {
        "outcome": "rolled_back",
        "release": 4,
        "serving": 3,
        "service": "postfix",
        "reason": "no answer",
    }
    daemon.answers["edit"] = {"result": {"position": 7, "release": 4, "outcome": outcome}}
    assert setup("alias", "add", "i@b.c", "a@b.c") == 1
    told = capsys.readouterr().err
    assert "release 4 was rolled back; 3 serves" in told
    assert "postfix: no answer" in told
    assert "`mailctl status` tells what stands in its way" in told
    assert "rollback" not in told  # to blame may be an earlier change


@pytest.mark.shows("setup help")
def test_the_help_lists_every_command(setup: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of groups too, with their arguments."""
    assert setup("help") == 0
    shown = capsys.readouterr().out
    for line in (
        "email restrict add send|receive [ADDRESS]",
        "quota set ADDRESS [SIZE]",
        "dovecot-master list",
    ):
        assert line in shown


CHANGES = (
    ("quota set a@b.c 12M", "quota.set", {"address": "a@b.c", "size": "12M"}),
    ("quota del a@b.c", "quota.remove", {"address": "a@b.c"}),
    ("email restrict add send a@b.c", "access.add", {"direction": "send", "address": "a@b.c"}),
    ("email restrict del receive a@b.c", "access.remove", {"direction": "receive", "address": "a@b.c"}),
    ("dovecot-master del one two", "master.remove", {"names": ["one", "two"]}),
    ("relay add-domain b.c r.test 587", "relay.host", {"domain": "b.c", "host": "r.test", "port": "587"}),
    ("relay add-domain b.c r.test", "relay.host", {"domain": "b.c", "host": "r.test", "port": "25"}),
    ("relay exclude-domain b.c", "relay.exclude", {"domain": "b.c"}),
    (
        "relay add-auth b.c me secret",
        "relay.credentials",
        {"domain": "b.c", "username": "me", "password": "secret"},
    ),
)


@pytest.mark.parametrize(("line", "what", "arguments"), CHANGES)
def test_a_command_sends_one_edit(
    setup: Run, daemon: Peer, line: str, what: str, arguments: dict[str, object]
) -> None:
    """Each takes a reason along."""
    daemon.answers["edit"] = SERVED
    assert setup(*line.split(), "--reason", "ticket 1") == 0
    assert daemon.asked("edit") == {"command": what, "reason": "ticket 1", "wait": True, **arguments}


@pytest.mark.parametrize("verb", ["add", "update"])
def test_a_master_account_is_sent_hashed(setup: Run, daemon: Peer, verb: str) -> None:
    """As those of accounts, its password leaves the process as a hash."""
    daemon.answers["edit"] = SERVED
    assert setup("dovecot-master", verb, "admin", "secret") == 0
    asked = daemon.asked("edit")
    assert asked["password_hash"].startswith("{SHA512-CRYPT}$6$")
    assert (asked["command"], asked["name"]) == (f"master.{verb}", "admin")
    assert "secret" not in str(daemon.requests)


def test_a_password_of_a_relay_host_may_come_from_stdin(
    setup: Run, daemon: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it stands in no list of processes."""
    daemon.answers["edit"] = SERVED
    monkeypatch.setattr(sys, "stdin", io.StringIO("se:cr et\n"))
    assert setup("relay", "add-auth", "b.c", "me") == 0
    assert daemon.asked("edit")["password"] == "se:cr et"


@pytest.mark.parametrize("line", ["quota set a@b.c", "email restrict add send", "email restrict del receive"])
def test_what_nobody_can_be_asked_for_is_missing(
    setup: Run, daemon: Peer, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """In a script a missing argument is wrong usage."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert setup(*line.split()) == 2
    assert daemon.requests == []


@pytest.mark.parametrize(
    "line", ["email restrict add both a@b.c", "relay add-domain b.c r.test 0", "quota set a 1M"]
)
def test_wrong_arguments_are_wrong_usage(setup: Run, daemon: Peer, line: str) -> None:
    """Nobody is asked for what cannot be meant."""
    assert setup(*line.split()) == 2
    assert daemon.requests == []


def test_lists_are_printed(setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """Master accounts and restrictions, a line each; JSON on request."""
    daemon.answers["masters"] = {"result": {"masters": ["admin"]}}
    daemon.answers["access"] = {"result": {"send": {"a@b.c": "REJECT"}, "receive": {}}}
    assert setup("dovecot-master", "list") == 0
    assert capsys.readouterr().out == "* admin\n"
    assert setup("email", "restrict", "list", "send") == 0
    assert capsys.readouterr().out == "a@b.c REJECT\n"
    assert setup("email", "restrict", "list", "receive") == 0
    assert capsys.readouterr() == ("", "everybody may receive mail\n")
    assert setup("email", "restrict", "list", "send", "--json") == 0
    assert '"action": "REJECT"' in capsys.readouterr().out


def test_a_warning_of_the_plan_is_told(setup: Run, daemon: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that serves may still need somebody's attention."""
    plan = {"warnings": [{"subject": "a@b.c", "message": "no effect while ENABLE_QUOTAS is 0"}]}
    daemon.answers["edit"] = {"result": {**SERVED["result"], "plan": plan}}
    assert setup("quota", "set", "a@b.c", "1G") == 0
    assert capsys.readouterr().err == "⚠ a@b.c: no effect while ENABLE_QUOTAS is 0\n"


@pytest.mark.shows("setup debug show-mail-logs")
def test_the_mail_log_is_shown(
    setup: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Byte for byte; where there is none it says so."""
    log = tmp_path / "mail.log"
    monkeypatch.setattr("controlplane.cli.setup.debug.show_mail_logs.LOG", log)
    assert setup("debug", "show-mail-logs") == 1
    log.write_bytes(b"postfix: \xff\n")
    assert setup("debug", "show-mail-logs") == 0
    assert capfdbinary.readouterr().out == b"postfix: \xff\n"


@pytest.mark.shows("setup debug login")
def test_a_shell_runs_what_is_asked(setup: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are one command line, options of theirs included; none is a shell to type into."""
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execvp", lambda _, words: started.append(words))
    setup("debug", "login", "postconf", "-n", "|", "grep", "--help")
    setup("debug", "login")
    assert started == [["bash", "-c", "postconf -n | grep --help"], ["bash"]]
