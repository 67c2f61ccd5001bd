"""Reads times as people write them, for every option that takes one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from controlplane.errors import UsageError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?) ?(Z|UTC|[+-]\d{2}:\d{2})?")
_AGO = re.compile(r"(?:(\d{1,5})w)?(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?")
_DATE_LIKE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}:\d{2}.*|\d+ ?[a-z]+ ago|\d{1,2}[./]\d{1,2}[./]\d{4}.*"
)
"""Matches texts that nobody would use as the name of a branch or commit."""
_WHOLE_DAY = timedelta(days=1) - timedelta(milliseconds=1)

CURE = "write 30m, 1h, 2d (ago), now, today, yesterday, 2026-11-22 or '2026-11-22 14:03' (UTC)"


def parse_time(text: str, first: bool = False, now: datetime | None = None) -> datetime | None:
    """The time in UTC that a text names; None if it names none.

    `1h` and the like are so long before `now`. A day stands for its end, or for its beginning if `first`.
    Where no zone is said it is UTC.
    """
    now = now or datetime.now(UTC)
    text = " ".join(text.split())
    try:
        if (day := _day(text.lower(), now)) is not None:
            return day if first else day + _WHOLE_DAY
        if text.lower() == "now":
            return now
        ago = _AGO.fullmatch(text.lower().removesuffix(" ago"))
        if ago and ago[0]:
            units = ("weeks", "days", "hours", "minutes", "seconds")
            return now - timedelta(**{u: int(n) for u, n in zip(units, ago.groups(), strict=True) if n})
        written = _TIME.fullmatch(text)
        if not written:
            return None
        zone = "+00:00" if written[4] in (None, "UTC") else written[4]
        return datetime.fromisoformat(written[1] + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None  # the 30th of February


def require_time(text: str, first: bool = False) -> datetime:
    """Like `parse_time`, but raises UsageError if the text names no time."""
    time = parse_time(text, first)
    if time is None:
        raise UsageError.because(f"{text} is not a time", CURE)
    return time


def looks_like_a_time(text: str) -> bool:
    """Whether a text can only have been meant as a time."""
    return _DATE_LIKE.fullmatch(text.strip()) is not None


def _day(text: str, now: datetime) -> datetime | None:
    """The beginning of the day that a text names; None if it names none."""
    if text in ("today", "yesterday"):
        day = now - timedelta(days=text == "yesterday")
        return day.replace(hour=0, minute=0, second=0, microsecond=0)
    if not _DAY.fullmatch(text):
        return None
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
