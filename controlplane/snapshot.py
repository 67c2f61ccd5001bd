"""The state at some position of the log, kept in a file so that a start need not replay the log.

Never the truth: a snapshot that is missing, damaged, of another shape or of another log is ignored and
the state is folded from the log again.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from controlplane.errors import NotFound
from controlplane.event_log import EventLog
from controlplane.fold import fold
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

FORMAT = 2
"""Raise it when an event comes to fold otherwise, so that older snapshots are not used."""

_PARTS = (Account, Alias, RegexpAlias, Override, Master, Pin, Certificate, NodeStatus)
_SHAPE = {part.__name__: [field.name for field in fields(part)] for part in _PARTS}
_PLAIN = ("settings", "quotas", "relay_routes", "relay_credentials", "send_access", "receive_access")
"""The parts of a desired state that map text to text."""
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
        "shape": _SHAPE,
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
        if (head["format"], head["shape"]) != (FORMAT, _SHAPE):
            return None
        if head["sha256"] != hashlib.sha256(body).hexdigest():
            return None
        return Snapshot(head["position"], head["commit"], _decode(json.loads(body)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def current(log: EventLog, path: Path) -> Snapshot:
    """The state at the log's tip, from the snapshot in `path` where that fits, else from the start."""
    known, tip = read(path), log.tip()
    if known is None or not _fits(known, log):
        known = Snapshot(0, "", State())
    if known.position == tip.position:
        return known
    state = fold(known.state, log.events(known.position + 1, tip))
    return Snapshot(tip.position, tip.commit, state)


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
        "accounts": _rows(desired.accounts.values()),
        "aliases": _rows(desired.aliases.values()),
        "regexps": _rows(desired.regexps.values()),
        "overrides": _rows(desired.overrides.values()),
        "masters": _rows(desired.masters.values()),
        **{name: dict(getattr(desired, name)) for name in _PLAIN},
        "pins": _rows(observed.pins.values()),
        "certificates": _rows(observed.certificates.values()),
        "nodes": _rows(observed.nodes.values()),
    }


def _decode(values: dict[str, Any]) -> State:
    return State(
        Desired(
            accounts=_parts(Account, values["accounts"]),
            aliases=_parts(Alias, values["aliases"]),
            regexps=_parts(RegexpAlias, values["regexps"]),
            overrides=_parts(Override, values["overrides"]),
            masters=_parts(Master, values["masters"]),
            **{name: values[name] for name in _PLAIN},
        ),
        Observed(
            pins=_parts(Pin, values["pins"]),
            certificates=_parts(Certificate, values["certificates"]),
            nodes=_parts(NodeStatus, values["nodes"]),
        ),
    )


def _rows(parts: Iterable[Any]) -> list[list[Any]]:
    return [[_plain(getattr(part, name)) for name in _SHAPE[type(part).__name__]] for part in parts]


def _plain(value: object) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _parts(part: type[T], rows: list[list[Any]]) -> Mapping[str, T]:
    """Parts by their first field, which is the key of each of them."""
    return {row[0]: part(*map(_typed, row)) for row in rows}


def _typed(value: Any) -> Any:
    if type(value) is list:
        return tuple(value)
    return base64.b64decode(value["base64"]) if type(value) is dict else value
