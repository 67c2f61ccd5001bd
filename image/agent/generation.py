"""Which generation of Postfix's processes serves.

`postfix reload` returns when master has been sent its signal (postfix(1), master(8)). Until it has acted,
and its children have heard of it, the old configuration answers: a probe that meets them says nothing of
the new one. Master starts a new queue manager once all other services know; one that was not there before
is the sign.

The old helpers end some milliseconds later. A new process that asks one of them in between is cut off
twice and sleeps for a second, and with it all clients of its port: so the probes, which make master start
such processes, wait for that too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

MASTER = Path("/var/spool/postfix/pid/master.pid")
SIGN = "qmgr"
HELPERS = frozenset(["anvil", "tlsmgr", "proxymap"])
SETTLE_SECONDS = 3.0
"""Bounds the wait for the sign; whatever came of it, the probes decide."""
HELPER_SECONDS = 0.5
"""Bounds the wait for helpers: one may be held up by a client of its own."""
PAUSE = 0.005

Processes = Mapping[int, str]
"""Process id to name."""


def processes(master: Path = MASTER, proc: Path = Path("/proc")) -> Processes:
    """Master's children; none where that cannot be told (proc(5), children)."""
    try:
        pid = master.read_text().strip()
        children = (proc / pid / "task" / pid / "children").read_text().split()
    except OSError:
        return {}
    return {int(child): _name(proc / child) for child in children}


def wait_for_next(before: Processes, now: Callable[[], Processes] = processes) -> None:
    """Return when the generation after `before` serves; at once where it cannot be told which one does."""
    if not before:
        return
    _until(lambda: bool(_called(now(), {SIGN}) - before.keys()), SETTLE_SECONDS)
    helpers = _called(before, HELPERS)
    _until(lambda: not helpers & now().keys(), HELPER_SECONDS)


def _called(these: Processes, names: set[str] | frozenset[str]) -> set[int]:
    return {pid for pid, name in these.items() if name in names}


def _until(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(PAUSE)


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
