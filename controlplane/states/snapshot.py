"""Keeps the state at some position in a file, so that a start need not replay the log.

Never the truth: a snapshot that is missing, damaged, of another shape or of another log is ignored and
the state is folded from the log again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.errors import NotFound
from controlplane.event_log import EventLog
from controlplane.git import write_atomically
from controlplane.model import Desired, Observed, State
from controlplane.states.rows import (
    FORMAT,
    KINDS,
    OBSERVED,
    PARTS,
    PLAIN,
    SHAPE,
    folds_no_more_than_we,
    from_row,
    to_row,
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state with its position and log commit; 0 and an empty commit stand for the empty log."""

    position: int
    commit: str
    state: State


def write(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot durably, readable by its owner alone, as it holds password hashes."""
    body = json.dumps(_encode(snapshot.state), ensure_ascii=True).encode()
    head = {
        "format": FORMAT,
        "shape": SHAPE,
        "kinds": KINDS,
        "position": snapshot.position,
        "commit": snapshot.commit,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    write_atomically(path, json.dumps(head).encode() + b"\n" + body + b"\n")


def read(path: Path) -> Snapshot | None:
    """The snapshot in a file; None if there is none that this program can use."""
    try:
        first, _, body = path.read_bytes().partition(b"\n")
        head = json.loads(first)
        body = body.removesuffix(b"\n")
        if (head["format"], head["shape"]) != (FORMAT, SHAPE) or not folds_no_more_than_we(head["kinds"]):
            return None
        if head["sha256"] != hashlib.sha256(body).hexdigest():
            return None
        return Snapshot(head["position"], head["commit"], _decode(json.loads(body)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def fits(snapshot: Snapshot, log: EventLog) -> bool:
    """Whether a snapshot is of this log, and not of another that took its place."""
    if snapshot.position == 0:
        return True
    try:
        return log.commit_at(snapshot.position) == snapshot.commit
    except NotFound:
        return False


def _encode(state: State) -> dict[str, Any]:
    desired, observed = state.desired, state.observed
    return {
        **{
            name: [to_row(part) for part in getattr(observed if name in OBSERVED else desired, name).values()]
            for name in PARTS
        },
        **{name: dict(getattr(desired, name)) for name in PLAIN},
    }


def _decode(values: dict[str, Any]) -> State:
    parts = {name: {row[0]: from_row(part, row) for row in values[name]} for name, part in PARTS.items()}
    observed = {name: parts.pop(name) for name in OBSERVED}
    return State(Desired(**parts, **{name: values[name] for name in PLAIN}), Observed(**observed))
