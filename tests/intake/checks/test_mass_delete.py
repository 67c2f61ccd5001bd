"""Mass deletion: each collection counts for itself, renames and dependents do not count."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.intake.checks.mass_delete import BY_COMMAND, is_mass_delete, mass_deletions
from controlplane.model import Account, Alias, Desired, Master, Override, RegexpAlias
from controlplane.statefiles.collections import COLLECTIONS

ROWS: dict[str, Any] = {
    "accounts": lambda name, n: Account(name, f"{{SHA512-CRYPT}}$6${n}"),
    "aliases": lambda name, n: Alias(name, (f"to{n}@example.test",)),
    "regexps": lambda name, n: RegexpAlias(f"/^{name}$/", (f"to{n}@example.test",)),
    "masters": lambda name, n: Master(name, f"{{SHA512-CRYPT}}$6${n}"),
}


def rows(field: str, count: int, domain: str = "example.test", first: int = 0) -> dict[str, Any]:
    """So many different things of a collection."""
    made: dict[str, Any] = {}
    for number in range(first, first + count):
        name = f"name{number}@{domain}"
        row = ROWS[field](name, number) if field in ROWS else f"value{number}"
        made[row.pattern if field == "regexps" else name] = row
    return made


@pytest.mark.parametrize("kind", COLLECTIONS, ids=lambda kind: kind.field)
def test_every_collection_is_guarded(kind: Any) -> None:
    """More than half of at least two is refused, half is not, one alone never."""

    def state(count: int) -> Desired:
        return Desired(**{kind.field: rows(kind.field, count)})

    (problem,) = mass_deletions(state(4), state(1), BY_COMMAND)
    assert (problem.path, problem.message) == (kind.path, f"this would remove 3 of 4 {kind.nouns}")
    assert "--allow-mass-delete" in problem.cure
    assert is_mass_delete(problem)
    assert mass_deletions(state(2), state(0))
    assert not mass_deletions(state(4), state(2))
    assert not mass_deletions(state(1), state(0))


@pytest.mark.parametrize("field", ["accounts", "aliases", "quotas", "masters", "send_access"])
def test_another_name_is_no_deletion(field: str) -> None:
    """A domain that is renamed, and names that change while the rest of the line stays."""
    old = Desired(**{field: rows(field, 6)})
    assert not mass_deletions(old, Desired(**{field: rows(field, 6, "other.test")}))
    renamed = {f"new-{key}": row for key, row in old.__dict__[field].items()}
    assert not mass_deletions(old, Desired(**{field: renamed}))


def test_other_peoples_accounts_are_no_rename() -> None:
    """The list of another server in the place of ours removes ours."""
    old, new = rows("accounts", 6), rows("accounts", 6, first=100)
    (problem,) = mass_deletions(Desired(accounts=old), Desired(accounts=new))
    assert problem.message == "this would remove 6 of 6 accounts"


def test_one_new_name_stands_for_one_old() -> None:
    """Nine that go are not hidden by one that came with the same hash."""
    old = {f"u{n}@example.test": Account(f"u{n}@example.test", "{SHA512-CRYPT}$6$same") for n in range(9)}
    new = {"other@example.test": Account("other@example.test", "{SHA512-CRYPT}$6$same")}
    (problem,) = mass_deletions(Desired(accounts=old), Desired(accounts=new))
    assert problem.message == "this would remove 8 of 9 accounts"


def test_what_goes_with_its_account_is_not_counted_again() -> None:
    """Quotas and restrictions of accounts that go are no deletion of their own."""
    old = Desired(accounts=rows("accounts", 10), quotas=rows("quotas", 4), send_access=rows("send_access", 4))
    few = Desired(accounts=rows("accounts", 6, first=4))
    assert not mass_deletions(old, few)
    (problem,) = mass_deletions(old, Desired())
    assert problem.path == "config/postfix-accounts.cf"


def test_a_table_that_is_sealed_as_a_whole_is_still_there() -> None:
    """Only the node can read it then; nothing went."""
    old = Desired(relay_credentials=rows("relay_credentials", 3))
    sealed = Override("postfix-sasl-password.cf", b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert not mass_deletions(old, Desired(overrides={sealed.path: sealed}))
    assert mass_deletions(old, Desired())
