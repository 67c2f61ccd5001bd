"""Audit queries over a read model of many events: `python -m benchmarks.readmodel --events 1000000`.

The change sets are made in memory: what is measured is the projection and the questions, not git.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controlplane.events import (
    AccountAdded,
    AliasAdded,
    ChangeSet,
    Event,
    ReleaseApplied,
    ReleaseRejected,
    SettingChanged,
)
from controlplane.readmodel import migrations, query
from controlplane.readmodel.projection import Projector
from controlplane.readmodel.query import Filters
from controlplane.readmodel.reader import reading

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
RARE = 250_000


def change_sets(events: int) -> Iterator[ChangeSet]:
    """Change sets of one event each: a life of accounts, aliases, settings and outcomes."""
    for number in range(1, events + 1):
        yield ChangeSet(
            position=number,
            actor="root" if number % 10 else f"Ada Admin {number % 7} (key ada@laptop)",
            author="" if number % 9 else f"Grace Author {number % 5}",
            source="agent" if number % 4 == 3 else "setup" if number % 3 else "push",
            time=BEGIN + timedelta(minutes=number),
            reason=f"ticket {number}: somebody asked for a change",
            events=(_event(number),),
            main_commit=f"{number // 2:040x}",
            commit=f"{number:040x}",
        )


def _event(number: int) -> Event:
    if number % RARE == 0:
        return ReleaseRejected(
            node="mail",
            release=number,
            seconds=0.2,
            reason="bad main.cf",
            serving=number - 4,
            position=number - 1,
        )
    match number % 4:
        case 0:
            return AccountAdded(address=f"user{number}@example.test", password_hash="{X}y")
        case 1:
            return AliasAdded(source=f"alias{number}@example.test", targets=("user0@example.test",))
        case 2:
            return SettingChanged(name="SPOOF_PROTECTION", old=str(number - 4), new=str(number))
        case _:
            return ReleaseApplied(
                node="mail", release=number, seconds=0.3, actions={"postfix": "none"}, position=number - 1
            )


def questions(events: int) -> dict[str, Filters]:
    """The questions, the awkward ones included: two frequent things that seldom meet, common words."""
    middle = BEGIN + timedelta(minutes=events // 2)
    return {
        "newest 100": Filters(),
        "oldest 100": Filters(oldest_first=True),
        "kind": Filters(kinds=("account.added",)),
        "rare kind": Filters(kinds=("release.rejected",)),
        "noun": Filters(kinds=("release",)),
        "glob": Filters(kinds=("*.added",)),
        "kind that never": Filters(kinds=("*.removed",)),
        "subject": Filters(subject=f"user{events // 8 * 4}@example.test"),
        "frequent subject, rare kind": Filters(subject="mail", kinds=("release.rejected",)),
        "actor": Filters(actors=("Ada Admin 3*",)),
        "author": Filters(actors=("Grace Author 3",)),
        "author and kind that seldom meet": Filters(actors=("Grace*",), kinds=("release.rejected",)),
        "kind and actor that never meet": Filters(
            kinds=("account.added",), actors=("Ada Admin 1*",), source="agent"
        ),
        "actor and source that never meet": Filters(actors=("root",), source="watch"),
        "frequent actor and source, no kind": Filters(actors=("Ada*",), source="push"),
        "since": Filters(since=middle, limit=1000),
        "until and kind": Filters(until=middle, kinds=("alias",)),
        "outcome": Filters(outcomes=("served",)),
        "outcome that never": Filters(outcomes=("held",)),
        "frequent outcome, kind that never": Filters(outcomes=("served",), kinds=("*.removed",)),
        "rare outcome and kind": Filters(outcomes=("pending", "rejected"), kinds=("account",)),
        "rare outcome, text: common word": Filters(outcomes=("pending", "superseded"), text="somebody"),
        "frequent outcome, text: common word": Filters(outcomes=("served",), text="somebody"),
        "text: rare word": Filters(text=f"user{events // 8 * 4}"),
        "text: address": Filters(text=f"alias{events // 8 * 4 + 1}@example.test"),
        "text: common word": Filters(text="somebody"),
        "text: three common words": Filters(text="somebody example change"),
        "text: common word, rare kind": Filters(text="bad", kinds=("release.rejected",)),
        "text: common word, kind that never": Filters(text="example.test", kinds=("setting.changed",)),
        "text: prefix": Filters(text="user99*"),
        "text: short prefix": Filters(text="t*"),
        "text: frequent prefix": Filters(text="user*"),
        "text: common word, since": Filters(text="somebody", since=middle),
    }


def main() -> int:
    """Print how long projecting and each question took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="readmodel-") as folder:
        path = Path(folder) / "readmodel.sqlite"
        db = sqlite3.connect(path)
        migrations.make_tables(db)
        start = time.perf_counter()
        Projector(db, frozenset()).add(change_sets(options.events))
        rows = time.perf_counter()
        migrations.make_indexes(db)
        end = time.perf_counter()
        db.close()
        size = path.stat().st_size / 2**20
        print(
            f"{options.events} events: rows {rows - start:.1f} s, indexes {end - rows:.1f} s, {size:.0f} MiB"
        )
        with reading(path) as tables:
            for name, filters in questions(options.events).items():
                taken = []
                for _ in range(options.repeat):
                    start = time.perf_counter()
                    found = len(query.find(tables, filters))
                    taken.append((time.perf_counter() - start) * 1000)
                print(f"{name:40} {found:5} rows  first {taken[0]:7.1f} ms  best {min(taken):7.1f} ms")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
