"""Clocks that were wrong for a while, and questions by time about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controlplane.errors import NotFound
from controlplane.readmodel import clock, query, schema
from controlplane.readmodel.projection import Projector
from controlplane.readmodel.query import Filters
from tests.change_sets import BEGIN, change


def minutes(number: float) -> datetime:
    """So many minutes into the log."""
    return BEGIN.replace(microsecond=0) + timedelta(minutes=number)


def projected(times: Sequence[float]) -> sqlite3.Connection:
    """A read model of change sets that were recorded at these minutes by the clock."""
    db = sqlite3.connect(":memory:")
    schema.make(db)
    sets = [replace(change(n), time=minutes(time)) for n, time in enumerate(times, 1)]
    Projector(db, frozenset()).add(sets)
    return db


DAY = 24 * 60
AHEAD = (1, 2, DAY + 3, DAY + 4, 5, 6)
BEHIND = (1, 2, 3, 4, 2.5 - DAY, 2.7, 7, 8)


@pytest.mark.parametrize(
    ("times", "marks"),
    [
        ((1, 2, 3), ("", "", "")),
        ((1, 1, 1), ("", "", "")),
        ((1, 2, 1.98), ("", "", "")),
        (AHEAD, ("", "", "ahead", "ahead", "", "")),
        (BEHIND, ("", "", "", "", "behind", "behind", "", "")),
        ((DAY + 1, *range(2, 11)), ("ahead", *("",) * 9)),
        ((DAY + 1, *range(2, 10)), ("", *("behind",) * 8)),
        ((1, DAY, 2, DAY / 2, 3), ("", "ahead", "", "ahead", "")),
        ((1, 2, 3, 4, 5, 6, 7, -50 * DAY, 9), ("",) * 2 + ("",) * 5 + ("behind", "")),
    ],
)
def test_times_that_do_not_fit_are_marked(times: Sequence[float], marks: Sequence[str]) -> None:
    """A leap that is taken back was ahead; one that lands among older changes is behind."""
    with closing(projected(times)) as db:
        found = query.find(query.opened(db), Filters(oldest_first=True))
        assert [entry.clock for entry in found] == list(marks)
        assert [entry.time for entry in found] == [minutes(time) for time in times]


@pytest.mark.parametrize(
    ("times", "asked", "position"),
    [
        (AHEAD, 2, 2),
        (AHEAD, 4.9, 2),
        (AHEAD, 5, 5),
        (AHEAD, 100, 6),
        (BEHIND, 2.6, 2),
        (BEHIND, 4, 6),
        (BEHIND, 6, 6),
        (BEHIND, 7, 7),
    ],
)
def test_questions_by_time_pass_odd_clocks_by(times: Sequence[float], asked: float, position: int) -> None:
    """What was recorded under a wrong clock counts as recorded with its neighbours."""
    with closing(projected(times)) as db:
        assert clock.position_at(db, minutes(asked)) == position
        later = query.find(
            query.opened(db), Filters(since=minutes(asked) + timedelta(milliseconds=1), oldest_first=True)
        )
        earlier = query.find(query.opened(db), Filters(until=minutes(asked)))
        assert [e.position for e in later] == list(range(position + 1, len(times) + 1))
        assert [e.position for e in earlier] == list(range(position, 0, -1))


def test_the_log_may_have_begun_later() -> None:
    """There is no position before the first."""
    with closing(projected(AHEAD)) as db, pytest.raises(NotFound):
        clock.position_at(db, minutes(0))


@pytest.mark.parametrize("times", [AHEAD, BEHIND, (1, 2, 3)])
def test_positions_by_time_never_go_back(times: Sequence[float]) -> None:
    """A later moment never leads to an earlier position, whatever the clock did."""
    with closing(projected(times)) as db:
        found = list(_positions(db, 0, 2 * DAY))
        assert found == sorted(found)
        assert found[-1] == len(times)


def _positions(db: sqlite3.Connection, begin: int, end: int) -> Iterator[int]:
    for moment in range(begin * 2, end * 2):
        try:
            yield clock.position_at(db, minutes(moment / 2))
        except NotFound:
            yield 0
