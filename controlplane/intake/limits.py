"""Changes that are well-formed and still more likely a mistake than a wish."""

from __future__ import annotations

from controlplane.errors import Problem
from controlplane.model import Desired

OPTION = "allow-mass-delete"
ACCOUNTS = "config/postfix-accounts.cf"


def mass_delete(old: Desired, new: Desired) -> Problem | None:
    """A problem where more than half of at least two accounts would go."""
    gone = sum(address not in new.accounts for address in old.accounts)
    if len(old.accounts) < 2 or gone * 2 <= len(old.accounts):
        return None
    return Problem(
        path=ACCOUNTS,
        line=0,
        message=f"this would remove {gone} of {len(old.accounts)} accounts",
        cure=f"if that is meant, push it with `git push -o {OPTION}`",
    )


def is_of(problem: Problem) -> bool:
    """Whether a problem is that too much would go, and nothing is malformed."""
    return OPTION in problem.cure
