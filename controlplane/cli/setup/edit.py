"""Shared by the commands of `setup` that change something: sends one edit, reports its outcome."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from controlplane.cli.ask.client import call
from controlplane.cli.text.change import report_outcome
from controlplane.cli.text.terminal import say

if TYPE_CHECKING:
    from controlplane.protocol.changes import Change


def rehearse(what: str, **arguments: Any) -> None:
    """On a terminal, raise what `edit` would refuse before the person is asked for more."""
    if sys.stdin.isatty():
        call("rehearse", command=what, source="setup", **arguments)


def edit(what: str, reason: str, *, wait: bool, **arguments: Any) -> bool:
    """Make one edit of `main` and, with `wait`, wait until it serves; raises Unavailable where it does not.

    Returns whether anything had to be changed.
    """
    change: Change = call("edit", command=what, source="setup", reason=reason, wait=wait, **arguments)
    for warning in (change.get("plan") or {}).get("warnings", ()):
        say(f"⚠ {warning['subject']}: {warning['message']}")
    report_outcome(change, quiet=True)
    return bool(change.get("position") or change.get("written"))
