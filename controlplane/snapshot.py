"""The state at some position of the log, kept in a file so that a start need not replay the log.

Never the truth: a snapshot that is missing, damaged, of another shape or of another log is ignored and
the state is folded from the log again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from controlplane.errors import NotFound
from controlplane.event_log import EventLog
from controlplane.git import write_atomically
from controlplane.model import (
    Account,
    Alias,
    Certificate,
    Desired,
    Master,
    NodeStatus,
    Observed,
    Override,
    Pin,
    RegexpAlias,
    State,
)

if TYPE_CHECKING:
    from controlplane.checkpoints import Checkpoints

FORMAT = 2
"""Raise it when an event comes to fold otherwise, so that older snapshots are not used."""

OBSERVED: Mapping[str, type[Any]] = {"pins": Pin, "certificates": Certificate, "nodes": NodeStatus}
"""What the parts of an observed state map their keys to; the key is the first field of each."""
PARTS: Mapping[str, type[Any]] = {
    "accounts": Account,
    "aliases": Alias,
    "regexps": RegexpAlias,
    "overrides": Override,
    "masters": Master,
    **OBSERVED,
}
"""The same for those of a desired state, too."""
PLAIN = ("settings", "quotas", "relay_routes", "relay_credentials", "send_access", "receive_access")
"""The parts of a desired state that map text to text."""
SHAPE = {part.__name__: [field.name for field in fields(part)] for part in PARTS.values()}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state and where it belongs; position 0 and an empty commit stand for the empty log."""

    position: int
    commit: str
    state: State


def write(path: Path, snapshot: Snapshot) -> None:
    """Keep a snapshot, durably and readable by the owner alone: it holds password hashes."""
    body = json.dumps(_encode(snapshot.state), ensure_ascii=True).encode()
    head = {
        "format": FORMAT,
        "shape": SHAPE,
        "position": snapshot.position,
        "commit": snapshot.commit,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    write_atomically(path, json.dumps(head).encode() + b"\n" + body + b"\n")


def read(path: Path) -> Snapshot | None:
    """The snapshot in a file; None where there is none that this program can use."""
    try:
        first, _, body = path.read_bytes().partition(b"\n")
        head = json.loads(first)
        body = body.removesuffix(b"\n")
        if (head["format"], head["shape"]) != (FORMAT, SHAPE):
            return None
        if head["sha256"] != hashlib.sha256(body).hexdigest():
            return None
        return Snapshot(head["position"], head["commit"], _decode(json.loads(body)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def current(log: EventLog, path: Path, checkpoints: Checkpoints) -> Snapshot:
    """The state at the log's tip, from the snapshot in `path` where that fits, else from a checkpoint."""
    known = read(path)
    if known is None or not _fits(known, log):
        known = checkpoints.newest(log)
    return checkpoints.reach(log, known)


def _fits(snapshot: Snapshot, log: EventLog) -> bool:
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


def to_row(part: Any) -> list[Any]:
    """The fields of an account, alias, … as plain values for JSON."""
    return [_plain(getattr(part, name)) for name in SHAPE[type(part).__name__]]


def from_row(part: type[T], row: list[Any]) -> T:
    """The account, alias, … that a row stands for."""
    return part(*map(_typed, row))


def _plain(value: object) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _typed(value: Any) -> Any:
    if type(value) is list:
        return tuple(value)
    return base64.b64decode(value["base64"]) if type(value) is dict else value
