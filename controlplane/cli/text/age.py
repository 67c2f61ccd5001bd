"""How long ago something was."""

from __future__ import annotations

from datetime import UTC, datetime

STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(since: object, now: datetime) -> str:
    """How long ago, in the largest whole unit: `3 d`, `40 s`; empty for no time."""
    then = _parse(since)
    if then is None:
        return ""
    seconds = max(int((now - then).total_seconds()), 0)
    for size, unit in STEPS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "0 s"


def _parse(time: object) -> datetime | None:
    if isinstance(time, (int, float)) and time > 0:
        return datetime.fromtimestamp(time, UTC)
    if isinstance(time, str) and time:
        return datetime.fromisoformat(time).astimezone(UTC)
    return None
