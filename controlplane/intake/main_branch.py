"""The branch `main`: commits that the log lacks, commits of commands, and what keeps it from moving."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controlplane.events import Event
from controlplane.git import Person, StateRepo, format_message
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.stores import Stores

MAIN = "main"


def unrecorded(stores: Stores, known: str) -> list[str]:
    """Commits of `main` after `known` to take over, oldest first: each accepted push, and the tip."""
    tip = stores.repo.refs.get(MAIN)
    if tip in ("", known):
        return []
    path = [info.id for info in stores.repo.history(tip, until=known)]
    below = [commit for commit in reversed(path[1:]) if stores.accepted.cause_of(commit)]
    if below:
        # An accepted push may have failed later; only commits that `main` really pointed at count.
        moved = set(stores.repo.moves(MAIN))
        below = [commit for commit in below if commit in moved]
    return [*below, tip]


def write_commit(
    repo: StateRepo, tree: str, parent: str, events: Sequence[Event], cause: Cause, time: datetime
) -> str:
    """Store the commit of a command without moving `main`; without a reason its events make the message."""
    summary = "; ".join(f"{event.kind} {event.subject}" for event in events[:3])
    message = format_message(cause.reason or summary or "Edit", {"Source": cause.source})
    return repo.write_commit(tree, (parent,) if parent else (), message, Person(cause.actor), time)


def obstacle(repo: StateRepo) -> str:
    """What kept `main` from being moved, in words."""
    locks = sorted(lock.name for lock in repo.refs.locks())
    if locks:
        return (
            f"main cannot be moved: another git holds {', '.join(locks)} in the state repository, "
            "and works on it for long or hangs; end that one and try again"
        )
    return "main was moved by others at each try; try again"
