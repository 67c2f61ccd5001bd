"""Differences between two states as plain values for JSON, and how to apply them.

For each mapping of a state: the keys that are gone, the rows that are new or changed, and, only where putting
new rows at the end would not give it, the order of all keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.model import Desired, Observed, State
from controlplane.states.rows import OBSERVED, PARTS, PLAIN, from_row, to_row

_MAPPINGS = (*PARTS, *PLAIN)


def between(old: State, new: State) -> dict[str, Any]:
    """The differences from one state to another; only the mappings that differ."""
    found = {}
    for name in _MAPPINGS:
        before, after = _mapping(old, name), _mapping(new, name)
        if before is not after:
            change = _change(before, after, name)
            if change:
                found[name] = change
    return found


def apply(state: State, changes: Mapping[str, Any]) -> State:
    """Apply differences to a state; raises KeyError, TypeError or ValueError for malformed ones."""
    made = {
        name: _changed(_mapping(state, name), changes[name], name)
        if name in changes
        else _mapping(state, name)
        for name in _MAPPINGS
    }
    observed = {name: made.pop(name) for name in OBSERVED}
    return State(Desired(**made), Observed(**observed))


def _mapping(state: State, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(state.observed if name in OBSERVED else state.desired, name)
    return found


def _change(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> dict[str, Any]:
    change: dict[str, Any] = {}
    gone = [key for key in before if key not in after]
    new = {key: value for key, value in after.items() if _differs(before.get(key), value)}
    if gone:
        change["gone"] = gone
    if new:
        change["set"] = [to_row(value) for value in new.values()] if name in PARTS else new
    staying = [key for key in before if key in after] if gone else list(before)
    if staying + [key for key in new if key not in before] != list(after):
        change["order"] = list(after)
    return change


def _differs(old: object, new: object) -> bool:
    return old is not new and old != new


def _changed(before: Mapping[str, Any], change: Mapping[str, Any], name: str) -> dict[str, Any]:
    made = dict(before)
    for key in change.get("gone", ()):
        del made[key]
    new = change.get("set", {})
    if name in PARTS:
        part = PARTS[name]
        new = {row[0]: from_row(part, row) for row in new}
    made.update(new)
    return {key: made[key] for key in change["order"]} if "order" in change else made
