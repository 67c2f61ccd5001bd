"""What the changing commands of `setup` have in common: send one edit, tell how it went."""

from __future__ import annotations

import sys
from typing import Any

from controlplane.cli.ask.client import call
from controlplane.cli.text.change import finish
from controlplane.cli.text.terminal import say


def rehearse(what: str, **arguments: Any) -> None:
    """Refuse what is refused anyway before a person at a terminal is asked for more."""
    if sys.stdin.isatty():
        call("rehearse", command=what, source="setup", **arguments)


def edit(what: str, reason: str, *, wait: bool, **arguments: Any) -> bool:
    """Carry out one edit of `main` and wait until it serves; raises Unavailable when it does not.

    The answer is whether there was anything to change.
    """
    change = call("edit", command=what, source="setup", reason=reason, wait=wait, **arguments)
    for warning in (change.get("plan") or {}).get("warnings", ()):
        say(f"⚠ {warning['subject']}: {warning['message']}")
    finish(change, quiet=True)
    return bool(change.get("position") or change.get("written"))
