"""Tells how a change fared: recorded where, serving since when, or put back and why."""

from __future__ import annotations

from typing import Any

from controlplane.cli.text.terminal import say
from controlplane.errors import Unavailable

FAILED = ("rejected", "rolled_back", "quarantined")


def finish(change: dict[str, Any], *, quiet: bool = False) -> None:
    """Say what became of a change; `quiet` leaves out what went as everybody expects.

    Raises Unavailable when the agent did not let the release serve, with its reason.
    """
    outcome = change.get("outcome") or {}
    if outcome.get("outcome") in FAILED:
        raise Unavailable(_failure(change, outcome))
    if not change.get("position"):
        if not quiet:
            say("✔ nothing had to be changed")
        return
    if outcome.get("outcome") == "suspended":
        say(f"⚠ change set {change['position']} is recorded; applying is suspended (`mailctl resume`)")
    elif not outcome:
        say(f"► change set {change['position']} is recorded{_release(change)}, not yet seen serving")
    elif change.get("waits"):
        say(f"⚠ change set {change['position']}{_release(change)} is recorded, and not all of it serves")
    elif not quiet:
        seconds = outcome.get("seconds", 0)
        say(f"✔ change set {change['position']}{_release(change)} applied in {seconds:.1f} s")
    for line in change.get("held") or []:
        say(f"  {line}")


def _release(change: dict[str, Any]) -> str:
    return f", release {change['release']}" if change.get("release") else ""


def _failure(change: dict[str, Any], outcome: dict[str, Any]) -> str:
    verb = str(outcome["outcome"]).replace("_", " ")
    lines = [f"release {outcome.get('release')} was {verb}; {outcome.get('serving')} serves"]
    lines.append(f"  {outcome.get('service') or 'a service'}: {outcome.get('reason', '')}")
    # What to blame may be an earlier change that has been waiting: status looks for it.
    lines.append(
        f"  change set {change.get('position')} is recorded; `mailctl status` tells what stands in its way "
        "and how to go on; `mailctl reconcile` tries once more"
    )
    return "\n".join([*lines, *(f"  {line}" for line in change.get("held") or [])])
