"""Finds changes that would delete so much that they are more likely a mistake than a wish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection as AnyOf
from collections.abc import Mapping
from typing import Any

from controlplane.errors import Problem
from controlplane.model import Account, Desired, Master
from controlplane.ordered import differing
from controlplane.statefiles.collections import COLLECTIONS, Collection
from controlplane.statefiles.treefile import CONFIG

OPTION = "allow-mass-delete"
BY_PUSH = f"if that is meant, push it with `git push -o {OPTION}`"
BY_COMMAND = f"if that is meant, say so with --{OPTION}"

_OF_ACCOUNTS = ("quotas", "send_access", "receive_access")
"""Collections whose entries are deleted with an account: the account alone counts."""


def mass_deletions(old: Desired, new: Desired, cure: str = BY_PUSH) -> tuple[Problem, ...]:
    """A problem per collection of at least two things of which more than half would be deleted.

    What has another name now has not gone: it is known by its local part or by what the line says else.
    """
    return tuple(
        Problem(
            path=kind.path,
            line=0,
            message=f"this would remove {gone:,} of {total:,} {kind.nouns}",
            cure=cure,
        )
        for kind, gone, total in _counted(old, new)
        if total >= 2 and gone * 2 > total
    )


def is_mass_delete(problem: Problem) -> bool:
    """Whether a problem comes from here, so that nothing is malformed."""
    return OPTION in problem.cure


def _counted(old: Desired, new: Desired) -> list[tuple[Collection, int, int]]:
    """How many things of each collection would be deleted, and out of how many."""
    found = []
    for kind in COLLECTIONS:
        before, after = kind.rows(old), kind.rows(new)
        sealed_now = kind.path.removeprefix(CONFIG) in new.overrides
        if len(before) < 2 or before is after or sealed_now:
            continue
        gone = [name for name in differing(before, after)[0] if name not in after]
        total = len(before)
        if kind.field in _OF_ACCOUNTS:
            own = [name for name in gone if not (name in old.accounts and name not in new.accounts)]
            total -= len(gone) - len(own)
            gone = own
        if gone:
            found.append((kind, len(gone) - _renamed(gone, before, after), total))
    return found


def _renamed(gone: AnyOf[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """How many of the deleted things were only renamed; each new name counts once."""
    came = [name for name in differing(before, after)[1] if name not in before]
    if not came:
        return 0
    left, names = list(gone), Counter(filter(None, map(_local, came)))
    same_local = [name for name in left if _take(names, _local(name))]
    taken = Counter(map(_local, same_local))
    others = [name for name in came if not _take(taken, _local(name))]
    values = Counter(_value(after[name]) for name in others)
    found = set(same_local)
    return len(found) + sum(_take(values, _value(before[name])) for name in left if name not in found)


def _take(counts: Counter[Any], key: Any) -> bool:
    if not key or counts[key] <= 0:
        return False
    counts[key] -= 1
    return True


def _local(name: str) -> str:
    return name.rpartition("@")[0]


def _value(row: Any) -> Any:
    if isinstance(row, Account | Master):
        return row.password_hash
    return getattr(row, "targets", row)
