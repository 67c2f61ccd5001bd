"""How hard a changed file hits its service. The plan shows it and the agent does it, by this one rule."""

from __future__ import annotations

import re
from collections.abc import Collection

from wire.manifest import Action


def harder(one: Action, other: Action) -> Action:
    """The harder of two actions."""
    return max(one, other, key=_ORDER.index)


def action_of(action: Action, restart_on: Collection[str], before: bytes, after: bytes) -> Action:
    """The action that a changed file asks for: its own, or a restart where a `restart_on` parameter changed.

    `before` and `after` are the file's contents.
    """
    if not restart_on or before == after:
        return action
    old, new = parameters(before), parameters(after)
    return Action.RESTART if any(old.get(name) != new.get(name) for name in restart_on) else action


def parameters(text: bytes) -> dict[str, str]:
    """The `name = value` lines of a file, as postconf(5) reads them.

    A line that starts with white space continues the one before, comments between them aside. The last value
    of a name counts; white space within a value is a single blank.
    """
    found: dict[str, str] = {}
    name = ""
    for line in text.decode("utf-8", "replace").split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            if name:
                found[name] = _plain(f"{found[name]} {line}")
            continue
        match = _PARAMETER.match(line)
        name = match[1] if match else ""
        if match:
            found[name] = _plain(match[2])
    return found


_ORDER = tuple(Action)
_PARAMETER = re.compile(r"([^\s=]+)\s*=(.*)", re.DOTALL)


def _plain(value: str) -> str:
    return " ".join(value.split())
