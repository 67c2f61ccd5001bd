"""What the changing commands of `setup` have in common: send one edit, tell how it went."""

from __future__ import annotations

from typing import Any

from controlplane.cli.change import finish
from controlplane.cli.client import call
from controlplane.cli.terminal import say


def edit(what: str, reason: str, wait: bool, **arguments: Any) -> None:
    """Carry out one edit of `main` and wait until it serves; raises Unavailable when it does not."""
    change = call("edit", command=what, source="setup", reason=reason, wait=wait, **arguments)
    for warning in (change.get("plan") or {}).get("warnings", ()):
        say(f"⚠ {warning['subject']}: {warning['message']}")
    finish(change, quiet=True)
