"""Which generation of a service's processes serves: reloads return before the old ones have ended.

`postfix reload` returns when master has been sent its signal (postfix(1), master(8)). Until it has acted,
and its children have heard of it, the old configuration answers: a probe that meets them says nothing of
the new one. Master starts a new queue manager once all other services know; one that was not there before
is the sign. The old helpers end some milliseconds later. A new process that asks one of them in between is
cut off twice and sleeps for a second, and with it all clients of its port: so the probes, which make master
start such processes, wait for that too.

Rspamd reads its configuration for half a second after SIGHUP, starts new workers, and only then tells the
old ones to end, which go on judging mail by the old rules until they do (rspamd(8)).
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
WORKER_SECONDS = 10.0
"""Within which Rspamd has new workers, on a busy machine too, if it takes its configuration."""
SESSION_SECONDS = 3.0
"""Bounds the wait for its old workers: one may be in the middle of a message."""
PAUSE = 0.005

Processes = Mapping[int, str]
"""Process id to name."""


def processes(master: Path = MASTER, proc: Path = Path("/proc")) -> Processes:
    """The children of Postfix's master; none where that cannot be told."""
    try:
        return children(int(master.read_text()), proc)
    except (OSError, ValueError):
        return {}


def children(pid: int, proc: Path = Path("/proc")) -> Processes:
    """The processes that one has started; none where that cannot be told (proc(5), children)."""
    try:
        found = (proc / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return {}
    return {int(child): _name(proc / child) for child in found}


def wait_for_next(before: Processes, now: Callable[[], Processes] = processes) -> None:
    """Return when the generation after `before` serves; at once where it cannot be told which one does."""
    if not before:
        return
    _until(lambda: bool(_called(now(), {SIGN}) - before.keys()), SETTLE_SECONDS)
    helpers = _called(before, HELPERS)
    _until(lambda: not helpers & now().keys(), HELPER_SECONDS)


def wait_for_workers(before: Processes, now: Callable[[], Processes]) -> bool:
    """Return when Rspamd's workers of before have ended; whether new ones are there."""
    if not before:
        return True
    renewed = _until(lambda: bool(now().keys() - before.keys()), WORKER_SECONDS)
    if renewed:
        _until(lambda: not before.keys() & now().keys(), SESSION_SECONDS)
    return renewed


def _called(these: Processes, names: set[str] | frozenset[str]) -> set[int]:
    return {pid for pid, name in these.items() if name in names}


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(PAUSE)
    return holds


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
