"""A change set: the events of one push, one command, or one edit on the config volume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from controlplane.events.base import Event

Source = Literal[
    "push",
    "setup",
    "mailctl",
    "config-volume",
    "environment",
    "certificate",
    "import",
    "rollback",
    "revert",
    "agent",
    "heal",
    "image",
]
"""Where a change came from."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Events with one actor, time, source and reason.

    `position` counts from 1; `time` is aware, in UTC; `main_commit` is the commit of `main` whose meaning
    the log has after this change set (empty when it came before the first); `author` is that commit's
    author where it is somebody else than the actor. `commit` is the log's own commit, empty until written.
    """

    position: int
    actor: str
    source: Source
    time: datetime
    reason: str
    events: tuple[Event, ...]
    main_commit: str = ""
    author: str = ""
    commit: str = ""
