"""From a command and from a push to live, by number of accounts, while an existing account logs in.

python -m benchmarks.live --against IMAGE --sizes 10 5000 10000 --rounds 7
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks import clients
from benchmarks.changes import Site, command_to_login, push_of_alias, site
from benchmarks.compare import Figures, Samples, arguments, images, report, side_by_side
from benchmarks.server import PASSWORD, Server, untrusting


class Logins:
    """Logins of an existing account, ten a second, counted."""

    def __init__(self, target: Server) -> None:
        self._target = target
        self._tls = untrusting()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failed = 0

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            try:
                clients.imap_login(self._target.address, 993, "user1@example.test", PASSWORD, self._tls)
            except (clients.Refused, OSError):
                self.failed += 1

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Log in until the block ends."""
        self._thread.start()
        yield
        self._stop.set()
        self._thread.join(15)


def measure(of: Site, *, size: int) -> Figures:
    """One command and one push on a server of that size."""
    logins = Logins(of.server)
    with logins.going_on():
        command = command_to_login(of)
        push, accepted = push_of_alias(of)
    return {
        f"{size:,}: command to login, s": command,
        f"{size:,}: push, s": push,
        f"{size:,}: push's return to accepted, s": accepted - push,
        f"{size:,}: failed log-ins meanwhile": logins.failed,
    }


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 5000, 10000])
    options = parser.parse_args()
    named = images(options)
    found: list[Samples] = [{} for _ in named]
    for size in options.sizes:
        with side_by_side(named, partial(site, accounts=size)) as turns:
            turns.take(partial(measure, size=size), options.rounds)
        for samples, more in zip(found, turns.found, strict=True):
            samples.update(more)
    report("accounts: what", named, found)


if __name__ == "__main__":
    main()
