"""Whether mail goes all the way through, as lines of text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from controlplane.cli.text.age import age

if TYPE_CHECKING:
    from controlplane.protocol.canary import Canary, CanaryStep

MARKS = {"passed": "✔", "failed": "✗"}


def check_lines(canary: Canary) -> list[str]:
    """Every step of the newest run."""
    run = canary["last"]
    if run is None:
        return ["✗ nothing serves yet"]
    lines = [_step(each) for each in run["steps"]]
    end = "mail goes all the way through" if run["delivered"] and run["passed"] else "as far as it goes"
    if not run["passed"]:
        end = "mail does not go all the way through"
    return [*lines, f"{'✔' if run['passed'] else '✗'} {end} ({run['seconds']:.2f} s)"]


def serves(canary: Canary | None) -> bool:
    """Whether no step failed when it was last tried."""
    return not canary or canary["last"] is None or canary["last"]["passed"]


def canary_lines(canary: Canary | None, now: datetime) -> list[str]:
    """When mail last went all the way through, and the steps that failed since."""
    if not canary or canary["last"] is None:
        return []
    run, lines = canary["last"], []
    # What serves now may have no mailboxes, and have had some.
    ends_before = not run["delivered"] and all(each["verdict"] == "passed" for each in run["steps"])
    if canary["passed_at"] and not ends_before:
        lines.append(f"mail                went all the way through {age(canary['passed_at'], now)} ago")
    elif run["passed"]:
        lines.append(
            f"mail                was tried as far as the server's role goes {age(run['at'], now)} ago"
        )
    lines += [f"⚠ kept on purpose although it does not work: {each}" for each in canary["on_purpose"]]
    return [*lines, *(_step(each) for each in run["steps"] if each["verdict"] == "failed")]


def _step(step: CanaryStep) -> str:
    said = f": {step['words']}" if step["words"] else ""
    return f"  {MARKS.get(step['verdict'], '–')} {step['step']}  {step['ms']:.0f} ms{said}"
