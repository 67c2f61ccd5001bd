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
        raise Unavailable("\n".join([recorded, *held_lines(change)]))
    elif not quiet:
        seconds = outcome.get("seconds", 0)
        say(f"✔ change set {change['position']}{_release(change)} applied in {seconds:.1f} s")
    for line in held_lines(change):
        say(line)


def is_failure(change: Reported) -> bool:
    """Whether a change, or some of it, does not serve: what `report_outcome` raises for."""
    outcome = change.get("outcome")
    if outcome and outcome["outcome"] in FAILED:
        return True
    suspended = outcome and outcome["outcome"] == OutcomeKind.SUSPENDED
    return bool(change.get("position") and outcome and not suspended and change.get("waits"))


def verdict(outcome: Applied) -> str:
    """What became of a release that failed, in two lines: which serves, and who says why.

    The release that serves is the same one where only what it holds back was tried once more.
    """
    release, serving = outcome.get("release"), outcome.get("serving")
    verb = str(outcome["outcome"]).replace("_", " ")
    first = f"release {release} was {verb}; {serving} serves"
    if release == serving:
        first = f"release {release} serves, but what is held of it failed again and was {verb}"
    return f"{first}\n  {outcome.get('service') or 'a service'}: {outcome.get('reason', '')}"


def held_lines(change: Reported) -> list[str]:
    """What is held, and by which change."""
    return [f"  {line}" for line in change.get("held") or []]


def _release(change: Reported) -> str:
    return f", release {change['release']}" if change.get("release") else ""


def _failure(change: Reported, outcome: Applied) -> str:
    lines = [verdict(outcome)]
    # The culprit may be an earlier change that had been waiting: `status` finds it.
    lines.append(
        f"  change set {change.get('position')} is recorded; `mailctl status` tells what stands in its way "
        "and how to go on; `mailctl reconcile` tries once more"
    )
    return "\n".join([*lines, *held_lines(change)])
