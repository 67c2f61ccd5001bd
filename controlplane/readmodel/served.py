"""Which release served at some point of the log, and what it served."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from controlplane.readmodel.fates import serving
from controlplane.readmodel.schema import SEQUENCE_BITS
from controlplane.statefiles.event_kinds import covers
from controlplane.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Served:
    """The release that served, since when, and the position of the log whose state that is.

    `held` are files of `main`, or entries of them (`mailserver.env:NAME`), that were as they had been at
    another position; 0 where they never served.
    """

    release: int
    position: int
    since: datetime
    held: dict[str, int] = field(default_factory=dict)


def served_at(connection: sqlite3.Connection, position: int) -> Served | None:
    """What served when the log was at this position; None before the first release did."""
    end = (position + 1) << SEQUENCE_BITS
    release, waiting = serving(connection, end)
    if not release:
        return None
    held = dict.fromkeys(sorted(waiting), 0)
    found: Served | None = None
    for number, basis, time, missing in _applied(connection, end):
        if number > release or (found is None and number != release):
            continue
        covered = _covered(connection, number, basis, position)
        if found is None:
            found = Served(release, covered, parse_time(time), held)
        served = {name for name in waiting if not covers(missing, name)}
        held |= dict.fromkeys(served, covered)
        waiting -= served
        if not waiting:
            break
    return found


def _applied(connection: sqlite3.Connection, end: int) -> Iterator[tuple[int, int, str, frozenset[str]]]:
    """Releases that served, the last one first: number, basis, when, and what was held."""
    rows = connection.execute(
        "SELECT release, basis, time, held FROM outcomes WHERE outcome = 'applied' AND event < ?"
        " ORDER BY event DESC",
        (end,),
    )
    for release, basis, time, held in rows:
        yield release, basis, time, frozenset(json.loads(held))


def _covered(connection: sqlite3.Connection, release: int, basis: int, position: int) -> int:
    """Up to which position the log rendered to nothing but this release."""
    row = connection.execute("SELECT position FROM releases WHERE number = ?", (release + 1,)).fetchone()
    return max(basis, min(position, row[0] - 1)) if row else max(basis, position)
