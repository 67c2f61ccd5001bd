"""Parts of a state as rows: plain values for JSON, in the order of their fields."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from controlplane.events import EVENTS
from controlplane.model import (
    Account,
    Alias,
    Certificate,
    Master,
    NodeStatus,
    Override,
    Pin,
    RegexpAlias,
)

FORMAT = 2
"""Raise it when the fold of an event changes, so that states kept by older programs are not used."""

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
"""The same for the parts of a desired and of an observed state together."""
PLAIN = ("settings", "quotas", "relay_routes", "relay_credentials", "send_access", "receive_access")
"""The parts of a desired state that map text to text."""
SHAPE = {part.__name__: [field.name for field in fields(part)] for part in PARTS.values()}
KINDS = {event.kind: event.version for event in EVENTS}
"""The events that a state kept by this program may have been folded from, with their versions."""
T = TypeVar("T")


def folds_no_more_than_we(kinds: Mapping[str, int]) -> bool:
    """Whether a program with this table of events met none that is unknown here.

    What a later version folded, past what an earlier one cannot read, must not let that one go on behind it.
    """
    return all(KINDS.get(kind, 0) >= version for kind, version in kinds.items())


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
