"""Waiting for something to become true, for as long as it needs and no longer than a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 3.0
"""Deadlines are written for a machine that does nothing else; one that does gets this many times as long."""


def poll(condition: Callable[[], T], what: str, deadline: float = 10.0, every: float = 0.05) -> T:
    """The first true value of `condition`; fails with `what` and the last value or error after the deadline.

    OSError and the mail libraries' errors (subclasses of it, or of Exception with a server's answer) count
    as not yet.
    """
    deadline *= PATIENCE
    give_up = time.monotonic() + deadline
    last: object = None
    while True:
        try:
            value = condition()
        except Exception as error:  # noqa: BLE001  # a server that is not there yet fails in many ways
            last = error
        else:
            if value:
                return value
            last = value
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {deadline} s: {what}; last: {last!r}")
        time.sleep(every)
