"""Weak password hashes that a change brings."""

from __future__ import annotations

from controlplane.intake.proposal import propose_files
from controlplane.model import State
from controlplane.statefiles.treefile import TreeFile

SOUND, WEAK, OLDER = (
    "{SHA512-CRYPT}$6$abc$" + "x" * 86,
    "{MD5-CRYPT}$1$abcdefgh$" + "x" * 22,
    "{SHA1}" + "x" * 28,
)
ACCOUNTS, MASTERS = "config/postfix-accounts.cf", "config/dovecot-masters.cf"


def change(state: State, accounts: str = "", masters: str = "") -> tuple[State, list[str]]:
    """The state that these files lead to, and what is said of the change."""
    files = {ACCOUNTS: accounts, MASTERS: masters}
    proposal = propose_files(state, None, {name: TreeFile(text.encode()) for name, text in files.items()})
    assert not proposal.problems
    return proposal.state, [f"{notice.subject}: {notice.message}" for notice in proposal.plan.warnings]


def test_one_is_told_at_its_account() -> None:
    """With how many there are, and what to do; never with the hash."""
    state, told = change(State(), f"a@x.test|{SOUND}\nb@x.test|{WEAK}\n")
    assert told == [
        "b@x.test: weak password hash (MD5-CRYPT), 1 in all; setup email update makes a sound one, "
        "mailctl accounts --weak lists them"
    ]
    _, told = change(state, f"a@x.test|{OLDER}\nb@x.test|{WEAK}\n")
    assert [line.partition(";")[0] for line in told] == ["a@x.test: weak password hash (SHA1), 2 in all"]


def test_many_are_counted() -> None:
    """An import of thousands has one line."""
    lines = "".join(f"u{n}@x.test|{WEAK if n % 3 else OLDER}\n" for n in range(300))
    _, told = change(State(), lines)
    assert [line.partition(";")[0] for line in told] == [
        f"{ACCOUNTS}: 300 weak password hashes (MD5-CRYPT 200, SHA1 100), 300 in all"
    ]


def test_what_is_there_already_is_not_told_again() -> None:
    """Neither with other accounts nor with attributes; the count of a cured one goes down in silence."""
    state, _ = change(State(), f"a@x.test|{WEAK}\n")
    assert change(state, f"a@x.test|{WEAK}\nb@x.test|{SOUND}\n")[1] == []
    assert change(state, f"a@x.test|{WEAK}|quota_rule=*:bytes=1M\n")[1] == []
    cured, told = change(state, f"a@x.test|{SOUND}\n")
    assert (dict(cured.desired.weak_counts), told) == ({}, [])


def test_masters_have_a_line_of_their_own() -> None:
    """A sealed hash is nobody's to judge."""
    _, told = change(State(), masters=f"backup|{WEAK}\nother|{SOUND}\n")
    assert [line.partition(";")[0] for line in told] == ["backup: weak password hash (MD5-CRYPT), 1 in all"]
    assert "setup dovecot-master update" in told[0]
    assert change(State(), masters=f"backup|age:{'c2Vh' * 64}\n")[1] == []
