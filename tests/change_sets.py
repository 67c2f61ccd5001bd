"""Change sets for tests, and a log to put them into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from controlplane.event_log import EventLog
from controlplane.events import AccountAdded, ChangeSet, Event
from controlplane.git import StateRepo
from controlplane.lock import WriterLock

BEGIN = datetime(2026, 11, 22, 14, 3, 11, 123456, tzinfo=UTC)


def open_log(folder: Path, repo: StateRepo | None = None) -> EventLog:
    """The log of the state repo in a folder."""
    return EventLog(repo or StateRepo(folder / "state.git"), WriterLock(folder / "writer.lock"))


def account(name: object) -> AccountAdded:
    """An event that adds an account of this name."""
    return AccountAdded(address=f"{name}@example.test", password_hash="{SHA512-CRYPT}$6$secret")


def change(position: int, *events: Event, reason: str = "a ticket", main: str = "") -> ChangeSet:
    """A change set a minute after the one before; it adds an account unless told otherwise."""
    return ChangeSet(
        position=position,
        actor="Ada Admin",
        source="push",
        time=BEGIN + timedelta(minutes=position),
        reason=reason,
        events=events or (account(f"user{position}"),),
        main_commit=main or f"{position:040x}",
        author="Grace Author",
    )


def fill(log: EventLog, count: int) -> None:
    """Append that many change sets."""
    for position in range(log.tip().position + 1, log.tip().position + count + 1):
        log.append(change(position))
