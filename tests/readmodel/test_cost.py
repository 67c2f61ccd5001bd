"""What taking in a change costs does not grow with the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from controlplane.events import AliasAdded, ReleaseApplied
from controlplane.readmodel import schema
from controlplane.readmodel.projection import Projector
from tests.change_sets import change

STEP = 100
"""Instructions of SQLite's machine between two counts."""


def test_a_change_costs_the_same_at_any_size() -> None:
    """Counted in instructions, which no busy machine makes more of: nothing scans what is there."""
    with closing(sqlite3.connect(":memory:")) as db:
        schema.make(db)
        counts = [0]

        def count() -> None:
            counts[-1] += 1

        db.set_progress_handler(count, STEP)
        projector = Projector(db, frozenset())
        for block in range(6):
            counts.append(0)
            first = block * 500 + 1
            projector.add(
                change(
                    number,
                    ReleaseApplied(node="mail", release=number, seconds=0.1, position=number - 1)
                    if number % 2 == 0
                    else AliasAdded(source=f"a{number}@x", targets=("b@x",)),
                )
                for number in range(first, first + 500)
            )
        assert counts[-1] < counts[1] * 2
