"""Which generation of Postfix's processes serves.

`postfix reload` returns when master has been sent its signal (postfix(1), master(8)). Until it has acted,
and its children have heard of it, the old configuration answers: a probe that meets them says nothing of
the new one. Master starts a new queue manager once all other services know; one that was not there before
is the sign.
"""

from __future__ import annotations

from pathlib import Path

MASTER = Path("/var/spool/postfix/pid/master.pid")
SIGN = "qmgr"
SETTLE_SECONDS = 3.0
"""Bounds the wait; whatever came of it, the probes decide."""
PAUSE = 0.01


def queue_managers(master: Path = MASTER, proc: Path = Path("/proc")) -> frozenset[int]:
    """The queue managers among master's children; none where that cannot be told (proc(5), children)."""
    try:
        pid = master.read_text().strip()
        children = (proc / pid / "task" / pid / "children").read_text().split()
    except OSError:
        return frozenset()
    return frozenset(int(child) for child in children if _name(proc / child) == SIGN)


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
