"""Reports the outcome of a change: recorded, serving, or rolled back and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.cli.text.terminal import say
from controlplane.errors import Unavailable
from wire.outcomes import FAILED, OutcomeKind

if TYPE_CHECKING:
    from controlplane.protocol.changes import Applied, Change, Taken, WayBack

    Reported = Change | Taken | WayBack


def report_outcome(change: Reported, *, quiet: bool = False) -> None:
    """Report the outcome of a change on stderr; `quiet` leaves out the usual success.

    Raises Unavailable, with the agent's reason, where the release, or some of the change, does not serve.
    """
    outcome = change.get("outcome")
    if outcome and outcome["outcome"] in FAILED:
        raise Unavailable(_failure(change, outcome))
    if not change.get("position"):
        if not quiet:
            say("✔ nothing had to be changed")
        return
    if outcome and outcome["outcome"] == OutcomeKind.SUSPENDED:
        say(f"⚠ change set {change['position']} is recorded; applying is suspended (`mailctl resume`)")
    elif not outcome:
        say(f"► change set {change['position']} is recorded{_release(change)}, not yet seen serving")
    elif change.get("waits"):
        recorded = f"change set {change['position']}{_release(change)} is recorded, and not all of it serves"
        raise Unavailable("\n".join([recorded, *_held(change)]))
    elif not quiet:
        seconds = outcome.get("seconds", 0)
        say(f"✔ change set {change['position']}{_release(change)} applied in {seconds:.1f} s")
    for line in _held(change):
        say(line)


def _release(change: Reported) -> str:
    return f", release {change['release']}" if change.get("release") else ""


def _failure(change: Reported, outcome: Applied) -> str:
    verb = str(outcome["outcome"]).replace("_", " ")
    lines = [f"release {outcome.get('release')} was {verb}; {outcome.get('serving')} serves"]
    lines.append(f"  {outcome.get('service') or 'a service'}: {outcome.get('reason', '')}")
    # The culprit may be an earlier change that had been waiting: `status` finds it.
    lines.append(
        f"  change set {change.get('position')} is recorded; `mailctl status` tells what stands in its way "
        "and how to go on; `mailctl reconcile` tries once more"
    )
    return "\n".join([*lines, *_held(change)])


def _held(change: Reported) -> list[str]:
    return [f"  {line}" for line in change.get("held") or []]
