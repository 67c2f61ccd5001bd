"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controlplane.errors import UsageError
from controlplane.intake.history.times import looks_like_a_time, parse_time, require_time

NOW = datetime(2026, 11, 28, 14, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("now", "2026-11-28T14:03:11", None),
        ("1h", "2026-11-28T13:03:11", None),
        ("30m", "2026-11-28T13:33:11", None),
        ("90s ago", "2026-11-28T14:01:41", None),
        ("2d", "2026-11-26T14:03:11", None),
        ("1d12h", "2026-11-27T02:03:11", None),
        ("1W", "2026-11-21T14:03:11", None),
        ("today", "2026-11-28T00:00:00", "2026-11-28T23:59:59.999"),
        ("Yesterday", "2026-11-27T00:00:00", "2026-11-27T23:59:59.999"),
        ("2026-11-22", "2026-11-22T00:00:00", "2026-11-22T23:59:59.999"),
        ("2026-11-22 14:03", "2026-11-22T14:03:00", None),
        ("2026-11-22T14:03:11.5Z", "2026-11-22T14:03:11.500", None),
        ("2026-11-22 14:03 UTC", "2026-11-22T14:03:00", None),
        ("2026-11-22T14:03+02:00", "2026-11-22T12:03:00", None),
    ],
)
def test_times_are_read(text: str, first: str, last: str | None) -> None:
    """A day counts from its beginning or to its end; everything else is one moment, in UTC."""
    assert parse_time(text, first=True, now=NOW) == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert parse_time(text, now=NOW) == datetime.fromisoformat(last or first).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "h", "1", "1x", "main", "2026-02-30", "14:03", "999999w", "0123abcd"])
def test_other_texts_are_no_times(text: str) -> None:
    """Positions, branches and commits are not taken for times; a day that there is not is none."""
    assert parse_time(text, now=NOW) is None
    with pytest.raises(UsageError, match="not a time"):
        require_time(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("2026-02-30", True), ("14:03", True), ("3 hours ago", True), ("22.11.2026", True), ("main", False)],
)
def test_what_can_only_be_meant_as_a_time_is_known(text: str, meant: bool) -> None:
    """So that it is not looked for among commits."""
    assert looks_like_a_time(text) is meant
