"""Time from a command and from a push to live, by number of accounts, while existing accounts log in.

python -m benchmarks.live --sizes 10 1000 5000 10000 --repeat 5
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.server import PASSWORD, Server, docker, git, poll, server
from benchmarks.table import print_table, seconds

DEADLINE = 60.0


class Logins:
    """Logins of an existing account, one after the other, counted."""

    def __init__(self, target: Server) -> None:
        self._target = target
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.tried = 0
        self.failed = 0

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.tried += 1
            self.failed += not self._target.login("user1@example.test")

    @contextmanager
    def going_on(self) -> Iterator[Logins]:
        """Log in until the block ends."""
        self._thread.start()
        yield self
        self._stop.set()
        self._thread.join(15)


def command_to_live(target: Server, number: int) -> float:
    """Seconds from the start of `setup email add` (docker exec included) to an accepted login.

    The first login is tried when the command has returned: Dovecot delays the answer to a wrong one by
    seconds (auth_failure_delay), which would hide what is measured.
    """
    address = f"new{number}@example.test"
    begun = time.monotonic()
    docker("exec", target.name, "setup", "email", "add", address, PASSWORD)
    poll(lambda: target.login(address), DEADLINE)
    return time.monotonic() - begun


def push_to_live(target: Server, number: int) -> tuple[float, float]:
    """Seconds that a push of one alias takes, and from its return to the alias being accepted on port 25."""
    with target.clone() as clone:
        path = clone / "config" / "postfix-virtual.cf"
        before = path.read_text() if path.exists() else ""
        path.write_text(f"{before}bench{number}@example.test user1@example.test\n")
        git(clone, "add", "config")
        git(clone, "commit", "-q", "-m", "Add an alias")
        begun = time.monotonic()
        git(clone, "push", "-q")
        returned = time.monotonic()
        poll(lambda: target.accepts(f"bench{number}@example.test"), DEADLINE)
        return returned - begun, time.monotonic() - returned


def measure(size: int, repeat: int) -> list[object]:
    """A row of the table for one number of accounts."""
    with server(size) as target:
        poll(lambda: target.accepts("user1@example.test"), DEADLINE)  # postscreen's greeting pause, once
        with Logins(target).going_on() as logins:
            commands = [command_to_live(target, n) for n in range(repeat)]
            pushes = [push_to_live(target, n) for n in range(repeat)]
        return [
            size,
            seconds(commands),
            seconds([p[0] for p in pushes]),
            seconds([p[1] for p in pushes]),
            f"{logins.failed} of {logins.tried}",
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1000, 5000, 10000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    header = [
        "accounts",
        "command to login, s",
        "push, s",
        "push's return to accepted, s",
        "failed logins meanwhile",
    ]
    print_table(header, (measure(size, options.repeat) for size in options.sizes))


if __name__ == "__main__":
    main()
