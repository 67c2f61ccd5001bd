"""Doing several things at once that wait for other processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def run_concurrently(calls: Sequence[Callable[[], T]]) -> list[T]:
    """What each call returns, in their order. The last one runs in this thread; none of them may raise."""
    results: dict[int, T] = {}

    def call(number: int) -> None:
        results[number] = calls[number]()

    threads = [threading.Thread(target=call, args=(n,), daemon=True) for n in range(len(calls) - 1)]
    for thread in threads:
        thread.start()
    if calls:
        call(len(calls) - 1)
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(calls))]
