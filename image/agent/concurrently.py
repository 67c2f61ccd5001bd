"""Doing several things at once that wait for other processes, or copy megabytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def meanwhile(call: Callable[[], object]) -> Iterator[None]:
    """Run the call beside the block, and wait for it. Raises what the block does, else what the call does."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if raised:
        raise raised[0]
