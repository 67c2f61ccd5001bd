"""A server whose clock was wrong for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controlplane.timestamps import format_time
from tests.daemon.site import Site


def add_at(site: Site, shift: timedelta, *names: str) -> None:
    """Add accounts under a clock that is off by so much."""
    site.daemon.intake._clock = lambda: datetime.now(UTC) + shift
    for name in names:
        site.add(f"{name}@example.test")
    site.settle()
    site.daemon.intake._clock = lambda: datetime.now(UTC)


@pytest.mark.parametrize(("hours", "word"), [(30, "ahead"), (-30, "behind")])
def test_a_wrong_clock_spoils_no_later_time(site: Site, hours: int, word: str) -> None:
    """Times after it are right again; those under it are kept, marked, and passed by in questions."""
    add_at(site, timedelta(), "before")
    between = datetime.now(UTC)
    add_at(site, timedelta(hours=hours), "odd", "odder")
    add_at(site, timedelta(), "after")
    told = {e["subject"]: e for e in site.ask("log", filters={"kind": "account.added"})["entries"]}
    clocks = {name.partition("@")[0]: entry["clock"] for name, entry in told.items()}
    assert clocks == {"before": "", "odd": word, "odder": word, "after": ""}
    assert told["after@example.test"]["time"] > format_time(between)
    assert site.ask("show", at=format_time(between))["accounts"][:1] == ["before@example.test"]
    assert len(site.ask("show", at="now")["accounts"]) == 4
    assert (
        site.ask("show", at=format_time(datetime.now(UTC)), live=True)["accounts"][-1] == "after@example.test"
    )
    recent = site.ask("log", filters={"kind": "account.added", "since": "1h", "until": "now"})["entries"]
    assert len(recent) == 4
    assert site.ask("verify")["ok"]


def test_a_clock_that_is_still_ahead_is_told(site: Site) -> None:
    """What is recorded lies in the past, whatever its time says."""
    add_at(site, timedelta(days=2), "odd")
    entry = site.ask("history", subject="odd@example.test")["entries"][0]
    assert entry["clock"] == "ahead"
    assert site.ask("show", at="now")["accounts"] == ["odd@example.test"]
