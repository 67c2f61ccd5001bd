"""Processes that others have started, and waiting for them (proc(5))."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

PROC = Path("/proc")
PAUSE = 0.005

Processes = Mapping[int, str]
"""Process id to name."""


def children(pid: int, proc: Path = PROC) -> Processes:
    """The processes that one has started; none where that is not known (proc(5), children)."""
    try:
        found = (proc / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return {}
    return {int(child): _name(proc / child) for child in found}


def children_of(pid_file: Path, proc: Path = PROC) -> Processes:
    """The same of a daemon that writes its process id to a file."""
    try:
        return children(int(pid_file.read_text()), proc)
    except (OSError, ValueError):
        return {}


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait at most some seconds for a condition; whether it holds."""
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(PAUSE)
    return holds


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""
