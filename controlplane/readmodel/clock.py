"""Reconciles the order of the log with the wall clock.

A change set keeps the time that the clock showed. One that the clock put beyond later ones is `ahead`, one
that it put behind earlier ones is `behind`. Questions by time need times that never go back: there, one
that is ahead counts as made when the next one that is right was, and one that is behind as made when the
last one before it was.

When a time falls back, either the later reading is wrong or the earlier ones were. They were ahead if the
clock had leapt over the later reading at least as far as it now fell back: a clock that was put forward for
a while does just that. A clock that starts in the past falls among changes that lie close together, or
before the beginning of the log.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from controlplane.errors import NotFound
from controlplane.timestamps import format_time, parse_time

RIGHT, AHEAD, BEHIND = 0, 1, -1
WORDS = {RIGHT: "", AHEAD: "ahead", BEHIND: "behind"}

TOLERANCE = timedelta(seconds=5)
"""A time that falls back by less is not odd: writers that wait for each other, a clock that is slewed."""
MANY = 8
"""So many times more change sets than before them outweigh a clock that was ahead when the log began."""
_COUNTED = 1_000


def newest(connection: sqlite3.Connection) -> str:
    """The newest time in questions by time, empty where there is none."""
    return str(connection.execute("SELECT coalesce(max(effective), '') FROM change_sets").fetchone()[0])


def judge(connection: sqlite3.Connection, time: datetime, top: str) -> tuple[str | None, int]:
    """The time in questions by time (None: that of its neighbours), and how it fits, for the next one.

    `top` is the newest time before it, which one that is given replaces.
    Marks those before it that turn out to have been ahead. Each is marked once at most.
    """
    text = format_time(time)
    if text >= top:
        return text, RIGHT
    fall = parse_time(top) - time
    if fall <= TOLERANCE:
        return top, RIGHT
    if not _were_ahead(connection, text, fall):
        return None, BEHIND
    connection.execute(
        "UPDATE change_sets SET effective = NULL, clock = ? WHERE effective > ?", (AHEAD, text)
    )
    return text, RIGHT


def _were_ahead(connection: sqlite3.Connection, text: str, fall: timedelta) -> bool:
    low, high = connection.execute(
        "SELECT (SELECT max(effective) FROM change_sets WHERE effective <= ?1),"
        " (SELECT min(effective) FROM change_sets WHERE effective > ?1)",
        (text,),
    ).fetchone()
    if low is None:
        return _outweigh(connection, text)
    return parse_time(high) - parse_time(low) >= fall


def _outweigh(connection: sqlite3.Connection, text: str) -> bool:
    """Whether the earlier clock was ahead: if many later times disagree with it, they are right."""
    last, right = connection.execute(
        "SELECT max(position), count(*) FROM (SELECT position FROM change_sets WHERE effective IS NOT NULL"
        " ORDER BY effective DESC LIMIT ?)",
        (_COUNTED,),
    ).fetchone()
    behind = connection.execute(
        "SELECT position, time FROM change_sets WHERE position > ? LIMIT ?", (last, MANY * _COUNTED)
    ).fetchall()
    if len(behind) < MANY * right:
        return False
    newest = ""
    for position, time in behind:
        if newest <= time <= text:
            newest = time
            connection.execute(
                "UPDATE change_sets SET effective = ?, clock = ? WHERE position = ?", (time, RIGHT, position)
            )
    return True


def position_at(connection: sqlite3.Connection, time: datetime, before: bool = False) -> int:
    """The newest position at that time, or `before` it; raises NotFound when the log began later."""
    text, less = format_time(time), "<" if before else "<="
    found = connection.execute(
        f"SELECT position FROM change_sets WHERE effective {less} ?"  # noqa: S608  # one of two signs
        " ORDER BY effective DESC, position DESC LIMIT 1",
        (text,),
    ).fetchone()
    if found is None:
        raise NotFound(f"the log began after {text}")
    # Those behind the clock right after it count as made then.
    following = connection.execute(
        "SELECT position FROM change_sets WHERE position > ? AND clock <> ? ORDER BY position LIMIT 1",
        (found[0], BEHIND),
    ).fetchone()
    if following is not None:
        return int(following[0]) - 1
    return int(connection.execute("SELECT max(position) FROM change_sets").fetchone()[0])
