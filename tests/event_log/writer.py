"""A writer as a process of its own: its threads append through the lock and say each position."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

from tests.change_sets import account, change, open_log


def append(folder: Path, name: str, count: int) -> None:
    """Append `count` change sets, each under the lock; a line on stdout once one is acknowledged."""
    log = open_log(folder)
    for number in range(count):
        with log.lock.hold("a test", deadline=60):
            position = log.tip().position + 1
            done = log.append(replace(change(position, account(f"{name}-{number}")), reason=name))
        os.write(1, f"{done.position} {done.commit} {name}-{number}\n".encode())


def main(folder: str, name: str, threads: str, count: str) -> None:
    """Run the threads to their end."""
    running = [
        threading.Thread(target=append, args=(Path(folder), f"{name}.{number}", int(count)))
        for number in range(int(threads))
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
