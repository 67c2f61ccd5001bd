"""Aliases that never match, and those that take more than they seem to."""

from __future__ import annotations

import pytest

from controlplane.intake.checks.references import check
from controlplane.model import Desired
from controlplane.statefiles.tree import read_tree
from controlplane.statefiles.treefile import TreeFile

HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86
ACCOUNTS = f"a@example.test|{HASH}\nb@example.test|{HASH}\n"


def _read(
    virtual: str = "", regexp: str = "", local: str = "", accounts: str = ACCOUNTS
) -> tuple[Desired, dict[str, TreeFile]]:
    texts = {"postfix-accounts.cf": accounts, "postfix-virtual.cf": virtual, "postfix-regexp.cf": regexp}
    files = {f"config/{name}": TreeFile(text.encode()) for name, text in texts.items()}
    if local:
        files["config/postfix-aliases.cf"] = TreeFile(local.encode())
    desired, problems = read_tree(files)
    assert problems == ()
    return desired, files


def _told(virtual: str = "", regexp: str = "", local: str = "") -> list[tuple[str, int, str, str]]:
    desired, files = _read(virtual, regexp, local)
    found = check(desired, files, hosts=("mail.example.test",))
    assert found.problems == ()
    return [(p.path.removeprefix("config/"), p.line, p.message, p.cure) for p in found.warnings]


@pytest.mark.parametrize(
    ("local", "line", "told", "cure"),
    [
        (
            "# x\ninfo@example.test: a@example.test\n",
            2,
            "info@example.test never matches",
            "postfix-virtual.cf: info@example.test a@example.test",
        ),
        ('"info@example.test": a@example.test\n', 1, "info@example.test never matches", "postfix-virtual.cf"),
        ("@example.test: a@example.test\n", 1, "@example.test never matches", "postfix-virtual.cf"),
        ("x: a@example.test\nX: b@example.test\n", 2, "x stands on line 1 too", "separated by commas"),
    ],
)
def test_local_names_that_count_for_nothing_are_told(local: str, line: int, told: str, cure: str) -> None:
    """A name of aliases(5) has no domain, and of one name the last line counts."""
    ((path, number, message, remedy),) = _told(local=local)
    assert (path, number) == ("postfix-aliases.cf", line)
    assert message.startswith(told)
    assert cure in remedy


def test_local_names_that_count_are_not_told() -> None:
    """Also over several lines, in quotes, and with programs as targets."""
    assert _told(local='x: a@example.test\n  b@example.test\n"y z": a@example.test\nz: |"/bin/x a@b"\n') == []


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (r"/^info$/", "has no place for an @"),
        (r"/^info[0-9]+$/", "has no place for an @"),
        (r"/^@example\.test$/", "does not begin with @"),
        (r"/^(@example\.test)$/", "does not begin with @"),
        (r"/^info@$/", "does not end with @"),
        (r"/^info@elsewhere\.test$/", "nobody has an address in elsewhere.test"),
        (r"/@exmaple\.test$/", "nobody has an address in exmaple.test"),
        (r"/^info.*@exmaple.test/", "nobody has an address in exmaple.test"),
        (r"/^Info@example\.test$/i", "minds capital letters"),
        (r"/^<info@example\.test>$/", "is not an address"),
        (r"/^mailto:info@example\.test$/", "is not an address"),
        (r"/^info@example\.test\.$/", "is not an address"),
    ],
)
def test_expressions_that_match_nothing_are_told(expression: str, told: str) -> None:
    """An expression is asked for whole addresses, of our own domains where mail comes in."""
    ((path, line, message, cure),) = _told(regexp=f"# x\n{expression} a@example.test\n")
    assert (path, line) == ("postfix-regexp.cf", 2)
    assert told in message
    assert message.startswith(expression)
    assert cure


@pytest.mark.parametrize(
    ("virtual", "told", "cure"),
    [
        ("*@example.test a@example.test", "*@example.test matches no other", "write @example.test"),
        ("%@example.test a@example.test", "%@example.test matches no other", "write @example.test"),
        ("in*o@example.test a@example.test", "in*o@example.test matches", "/^in.*o@example\\.test$/"),
        ("x@example.test a@example.test # for Ada", "no comment begins there", "on a line of its own"),
    ],
)
def test_signs_and_comments_in_aliases_are_told(virtual: str, told: str, cure: str) -> None:
    """Nothing but an address stands there, with nothing behind its targets."""
    ((path, line, message, remedy),) = _told(virtual=f"# x\n{virtual}\n")
    assert (path, line) == ("postfix-virtual.cf", 2)
    assert told in message
    assert cure in remedy


@pytest.mark.parametrize(
    "expression",
    [
        r"/^info@example\.test$/",
        r"/^info[0-9]*@/",
        r"/info/",
        r"/^info.*$/",
        r"/^(info|sales)@example\.test$/",
        r"/^test[^@]*@example.test$/",
        r"/@example\.(test|org)$/",
        r"/^root@mail\.example\.test$/",
        r"/^\S+$/",
        r"/^x@(example\.test|elsewhere\.test)$/",
        r"!/^.*@example\.test$/",
        r"/^x@.*\.test$/",
        r"/^\w+\W\w+$/",
        r"/@example/",
        r"/^abuse@/",
        r"/^x@example\.tes/",
    ],
)
def test_expressions_that_may_match_are_not_told(expression: str) -> None:
    """Where it is not certain nothing is said, other than about accounts."""
    found = [message for _, _, message, _ in _told(regexp=f"{expression} a@example.test,b@example.test\n")]
    assert found == []


def test_what_is_never_asked_is_told() -> None:
    """Behind an expression for everything, and where the table before has the address."""
    told = _told(
        virtual="info@example.test a@example.test\n",
        regexp="/^info@example\\.test$/ b@example.test\n/.*/ a@example.test,b@example.test\n"
        "/^x@/ a@example.test\n",
    )
    assert [(line, message.partition(":")[0]) for _, line, message, _ in told] == [
        (1, "/^info@example\\.test$/ is never asked"),
        (3, "/^x@/ is never asked"),
    ]


@pytest.mark.parametrize(
    ("source", "near"),
    [
        ("info@exmaple.test", "example.test"),
        ("info@exampl.test", "example.test"),
        ("@exampple.test", "example.test"),
        ("info@example2.test", ""),
        ("info@example.org", ""),
        ("info@other.test", ""),
        ("info@example.test", ""),
    ],
)
def test_a_domain_that_is_nearly_one_with_accounts_is_told(source: str, near: str) -> None:
    """An alias in a domain where nobody has a mailbox may be meant, or be a slip."""
    told = [message for _, _, message, _ in _told(virtual=f"{source} a@example.test\n")]
    assert [message.rpartition("mean ")[2] for message in told] == ([f"{near}?"] if near else [])


@pytest.mark.parametrize(
    ("virtual", "regexp", "caught"),
    [
        ("@example.test x@outside.test\n", "", "a@example.test, b@example.test"),
        ("@example.test a@example.test\n", "", "b@example.test"),
        ("@example.test @outside.test\n", "", "a@example.test, b@example.test"),
        ("", "/.*/ x@outside.test\n", "a@example.test, b@example.test"),
        ("", "/@example\\.test$/ a@example.test\n", "b@example.test"),
        ("", "/^(.)@example\\.test$/ $1@outside.test\n", "a@example.test, b@example.test"),
        ("", "/^(.)@example\\.test$/ ${1}@example.test,x@outside.test\n", ""),
        ("", "/^a@/ a@example.test\n/@/ x@outside.test\n", "b@example.test"),
        ("b@example.test b@example.test\n", "/@example\\.test$/ a@example.test\n", ""),
        ("", "!/@outside\\.test$/ x@outside.test\n", "a@example.test, b@example.test"),
    ],
)
def test_what_takes_the_mail_of_accounts_is_told(virtual: str, regexp: str, caught: str) -> None:
    """Catch-alls by domain and by expression, as far as an account keeps nothing."""
    told = [(message, cure) for _, _, message, cure in _told(virtual, regexp) if "too: " in message]
    assert [message.partition("too: ")[2] for message, _ in told] == ([caught] if caught else [])
    first = caught.partition(",")[0]
    assert all(cure.endswith(f"postfix-virtual.cf: {first} {first}") for _, cure in told)


@pytest.mark.parametrize(
    ("virtual", "regexp"),
    [("@example.test a@example.test\n", ""), ("", "/@example\\.test$/ a@example.test\n")],
)
def test_an_account_below_a_catch_all_is_told(virtual: str, regexp: str) -> None:
    """Who adds an account to such a domain learns that it gets no mail; other accounts are not repeated."""
    before, _ = _read(virtual, regexp)
    after, files = _read(virtual, regexp, accounts=f"{ACCOUNTS}new@example.test|{HASH}\n")
    (warning,) = check(after, files, before).warnings
    assert warning.message.endswith("takes the mail of accounts too: new@example.test")
    assert warning.line == 1
