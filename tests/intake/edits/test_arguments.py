"""Arguments of commands: each stands for itself in the row that it becomes, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.errors import Refused, UsageError
from controlplane.intake.edits import commands
from controlplane.intake.edits.arguments import need
from controlplane.intake.trees import Files
from controlplane.statefiles.tree import TreeFile, read_tree

HASH = "{SHA512-CRYPT}$6$2YpW1nYt$z.5PGH1OEzs"
SEALED = "age:" + "YWdlLWVuY3J5cHRpb24ub3JnL3Yx" * 8
FILES: Files = {
    "config/postfix-accounts.cf": TreeFile(f"user1@example.test|{HASH}\nol*d@example.test|{HASH}\n".encode()),
    "config/postfix-virtual.cf": TreeFile(b"info@example.test user1@example.test\n"),
    "config/dovecot-masters.cf": TreeFile(f"admin|{HASH}\n".encode()),
}
USER, OLD = "user1@example.test", "ol*d@example.test"


def _run(command: str, **given: Any) -> dict[str, str]:
    made = commands.make(command, given, lambda _: SEALED)(FILES)
    return {path: change.content.decode() for path, change in made.items() if change is not None}


@pytest.mark.parametrize(
    ("command", "given", "message"),
    [
        ("relay.host", {"domain": "exa mple.test", "host": "smtp.test", "port": "25"}, "is not a domain"),
        ("relay.host", {"domain": "@exa mple.test", "host": "smtp.test", "port": "25"}, "is not a domain"),
        ("relay.host", {"domain": "a_b.test", "host": "smtp.test", "port": "25"}, "is not a domain"),
        ("relay.host", {"domain": "192.0.2.1", "host": "smtp.test", "port": "25"}, "is not a domain"),
        ("relay.host", {"domain": "a.test\nb.test", "host": "smtp.test", "port": "25"}, "is not a domain"),
        ("relay.host", {"domain": "a b@x.test", "host": "smtp.test", "port": "25"}, "is not an address"),
        ("relay.host", {"domain": "a.test", "host": "smtp.test [b", "port": "25"}, "is not a relay host"),
        ("relay.host", {"domain": "a.test", "host": "smtp.test:587", "port": "25"}, "is not a relay host"),
        ("relay.host", {"domain": "a.test", "host": "[smtp.test]:587", "port": ""}, "is not a relay host"),
        ("relay.host", {"domain": "a.test", "host": "dead:587", "port": "25"}, "is not a relay host"),
        ("relay.host", {"domain": "a.test", "host": "587", "port": "25"}, "is not a relay host"),
        ("relay.host", {"domain": "a.test", "host": "smtp.test", "port": "25 x"}, "is not a port"),
        ("relay.host", {"domain": "a.test", "host": "smtp.test", "port": "70000"}, "is not a port"),
        ("relay.exclude", {"domain": "o t"}, "is not a domain"),
        ("relay.exclude", {"domain": "a.test|b"}, "is not a domain"),
        ("relay.exclude", {"domain": "@"}, "is not a domain"),
        ("relay.credentials", {"domain": "x y", "username": "u", "password": "p"}, "is not a domain"),
        ("relay.credentials", {"domain": "x.test", "username": "u v", "password": "p"}, "white space"),
        ("relay.credentials", {"domain": "x.test", "username": "u\x00", "password": "p"}, "control"),
        ("access.add", {"direction": "send", "address": f"{USER} DISCARD"}, "is not an address"),
        ("access.add", {"direction": "send", "address": "a b@x.test"}, "is not an address"),
        ("access.add", {"direction": "receive", "address": "a@x.test\nb@x.test OK"}, "is not an address"),
        ("account.add", {"address": "a b@x.test", "password_hash": HASH}, "is not an address"),
        ("account.add", {"address": "a|b@example.test", "password_hash": HASH}, "is not an address"),
        ("account.add", {"address": "a:b@example.test", "password_hash": HASH}, "is not an address"),
        ("account.add", {"address": "a@x.test\nb@x.test", "password_hash": HASH}, "is not an address"),
        ("account.add", {"address": "#a@x.test", "password_hash": HASH}, "would be a comment"),
        ("account.update", {"address": f"{USER}|{HASH}", "password_hash": HASH}, "is not an address"),
        ("account.remove", {"address": f"{USER}|{HASH}"}, "there is no account"),
        ("alias.add", {"alias": "i b@x.test", "target": USER}, "is not an address"),
        ("alias.add", {"alias": "i@x.test\nj@x.test", "target": USER}, "is not an address"),
        ("alias.add", {"alias": "i@x.test", "target": "a b@x.test"}, "is not an address"),
        ("alias.add", {"alias": "i@x.test", "target": "a|b@x.test"}, "is not an address"),
        ("alias.remove", {"alias": "info@example.test", "target": " , "}, "names nobody"),
        ("quota.set", {"address": USER, "size": "10X"}, "is not a unit"),
        ("quota.set", {"address": USER, "size": "10"}, "has no unit"),
        ("quota.set", {"address": USER, "size": "0010"}, "has no unit"),
        ("quota.set", {"address": USER, "size": "1G\nx@y.test:2G"}, "is not a unit"),
        ("quota.set", {"address": f"{USER}:1G", "size": "2G"}, "is not an address"),
        ("master.add", {"name": "x|y", "password_hash": HASH}, "cannot be a master account"),
        ("master.add", {"name": "x*y", "password_hash": HASH}, "cannot be a master account"),
        ("master.add", {"name": "x\ny", "password_hash": HASH}, "cannot be a master account"),
        ("master.update", {"name": "admin|{SHA}x", "password_hash": HASH}, "cannot be a master account"),
    ],
)
def test_an_argument_is_one_thing(command: str, given: dict[str, str], message: str) -> None:
    """What would begin another field or line is refused with a cure; no secret is printed."""
    with pytest.raises(Refused) as caught:
        _run(command, **given)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.cure
    assert (problem.line, problem.excerpt) == (0, "")
    assert problem.message.isprintable() or command == "account.remove"
    assert "z.5PGH" not in problem.message or command == "account.remove"
    assert "age:" not in problem.message


@pytest.mark.parametrize(
    ("command", "given", "row"),
    [
        ("relay.host", {"domain": "@a.test", "host": "2001:db8::1"}, "@a.test [2001:db8::1]:25"),
        ("relay.host", {"domain": "a.test", "host": "[ipv6:2001:db8::1]"}, "@a.test [ipv6:2001:db8::1]:25"),
        ("relay.host", {"domain": "me@a.test", "host": "192.0.2.1"}, "me@a.test [192.0.2.1]:25"),
        ("relay.host", {"domain": "a.test", "host": "mx", "port": "submission"}, "@a.test [mx]:submission"),
        ("relay.exclude", {"domain": "xn--bcher-kva.test"}, "@xn--bcher-kva.test"),
        ("access.add", {"direction": "send", "address": "postmaster@"}, "postmaster@ REJECT"),
        ("access.add", {"direction": "send", "address": ".x.test"}, ".x.test REJECT"),
        ("account.update", {"address": OLD, "password_hash": "{SHA}x"}, f"{OLD}|{{SHA}}x"),
        ("alias.add", {"alias": "a*b@example.test", "target": USER}, f"a*b@example.test {USER}"),
    ],
)  # fmt: skip
def test_what_was_asked_is_written(command: str, given: dict[str, str], row: str) -> None:
    """And reads back without a complaint."""
    written = _run(command, **given)
    (text,) = written.values()
    assert row in text.split("\n")
    tree = {path: TreeFile(content.encode()) for path, content in written.items()}
    assert read_tree(tree)[1] == ()


def test_an_account_with_a_star_can_be_deleted() -> None:
    """Older versions took such names."""
    assert _run("account.remove", address=OLD) == {"config/postfix-accounts.cf": f"{USER}|{HASH}\n"}


def test_arguments_are_not_guessed() -> None:
    """A missing one is wrong usage, one that would make a comment is refused."""
    with pytest.raises(UsageError):
        need({"address": 5}, "address")
    with pytest.raises(Refused, match="comment"):
        need({"address": "#a@b.test"}, "address")
