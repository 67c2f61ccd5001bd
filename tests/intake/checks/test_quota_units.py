"""Sizes of mailboxes without a unit."""

from __future__ import annotations

import pytest

from controlplane.intake.proposal import propose_files
from controlplane.model import Desired, State
from controlplane.statefiles.treefile import TreeFile

ACCOUNTS, QUOTAS = "config/postfix-accounts.cf", "config/dovecot-quotas.cf"
HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86
ACCOUNT = f"a@example.test|{HASH}\n"


def _told(state: State, **files: str) -> tuple[list[str], list[str]]:
    names = {"accounts": ACCOUNTS, "quotas": QUOTAS, "dovecot": "config/dovecot.cf"}
    tree = {names[name]: TreeFile(text.encode()) for name, text in files.items()}
    plan = propose_files(state, None, tree).plan
    problems = [f"{p.path}:{p.line}: {p.message}; {p.cure}" for p in plan.problems]
    return problems, [f"{notice.subject}: {notice.message}" for notice in plan.warnings]


@pytest.mark.parametrize("size", ["512", "1", "10240"])
def test_a_size_without_a_unit_is_refused_at_its_line(size: str) -> None:
    """Dovecot would take 512 for half a megabyte, and the mailbox would be full at once."""
    (problem,), _ = _told(State(), accounts=ACCOUNT, quotas=f"# ours\na@example.test:{size}\n")
    assert problem == (
        f"{QUOTAS}:2: the quota of a@example.test has no unit; "
        f"write {size}M for MiB, or {size}K for what Dovecot takes it for"
    )


@pytest.mark.parametrize("size", ["0", "00", "512M", "1k", "5B", "2T"])
def test_other_sizes_pass(size: str) -> None:
    """Nothing needs no unit."""
    assert _told(State(), accounts=ACCOUNT, quotas=f"a@example.test:{size}\n") == ([], [])


def test_what_was_taken_before_is_not_judged_again() -> None:
    """Only a row that is new or changes is asked for its unit."""
    state = State(Desired(quotas={"a@example.test": "512"}))
    assert _told(state, accounts=ACCOUNT, quotas="a@example.test:512\n")[0] == []
    assert _told(state, accounts=ACCOUNT, quotas="a@example.test:513\n")[0] != []


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ("userdb_quota_rule=*:storage=5", "5K"),
        ("x=y userdb_quota_rule2=Trash:storage=+10 z=1", "10K"),
        ("userdb_quota_rule=*:storage=5M", ""),
        ("userdb_quota_rule=*:storage=0", ""),
        ("userdb_quota_rule=*:messages=5", ""),
        ("userdb_quota_rule=Trash:storage=+10%", ""),
    ],
)
def test_rules_of_accounts_without_a_unit_are_noticed(attributes: str, told: str) -> None:
    """They are Dovecot's language, where KiB may be meant."""
    problems, notices = _told(State(), accounts=f"a@example.test|{HASH}|{attributes}\n")
    assert problems == []
    found = [notice for notice in notices if "counts KiB" in notice]
    assert bool(found) == bool(told)
    assert not told or (f"or {told} for" in found[0] and found[0].startswith(f"{ACCOUNTS}:1: "))


@pytest.mark.parametrize(
    ("line", "noticed"),
    [
        ("quota_rule = *:storage=100", True),
        ("quota_rule2 = Trash:storage=+100", True),
        ("quota_rule = *:storage=100M", False),
        ("#quota_rule = *:storage=100", False),
    ],
)
def test_rules_in_dovecot_cf_are_noticed(line: str, noticed: bool) -> None:
    """At their line."""
    problems, notices = _told(State(), dovecot=f"plugin {{\n  {line}\n}}\n")
    assert problems == []
    assert (
        any(notice.startswith("config/dovecot.cf:2: the quota counts KiB") for notice in notices) == noticed
    )
