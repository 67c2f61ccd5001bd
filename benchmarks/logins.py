"""Log-ins a second with some clients, what one costs, and the memory that stays: two images in turns.

python -m benchmarks.logins --against IMAGE --clients 4 --seconds 5 --rounds 5
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks import clients
from benchmarks.compare import Figures, arguments, images, report, side_by_side
from benchmarks.costs import cpu_counter, cpu_seconds, memory
from benchmarks.server import PASSWORD, Server, poll, server, untrusting

CLEAR = {"dovecot.cf": "ssl = yes\ndisable_plaintext_auth = no\n"}
"""The server's only departure from its defaults: port 143 takes passwords without TLS, too."""
LoggingIn = Callable[[str, int, str, str, ssl.SSLContext], None]


def _plain(address: str, port: int, user: str, password: str, _tls: ssl.SSLContext) -> None:
    clients.imap_login(address, port, user, password, None)


KINDS: dict[str, tuple[int, LoggingIn]] = {
    "IMAP, plain": (143, _plain),
    "IMAP, TLS": (993, clients.imap_login),
    "submission, STARTTLS": (587, clients.submission_login),
    "submissions, TLS": (465, clients.submission_login),
}
"""Port and dialogue of each kind; with TLS, each log-in makes a full handshake."""


def measure(
    target: Server, *, kind: str, accounts: int, number: int, seconds: float, tls: ssl.SSLContext
) -> Figures:
    """Log in with so many clients at once for some seconds, to one account after the other."""
    port, log_in = KINDS[kind]

    def once(n: int) -> None:
        log_in(target.address, port, f"user{n % accounts + 1}@example.test", PASSWORD, tls)

    counter = cpu_counter(target)
    before, own = cpu_seconds(counter), time.process_time()
    done, taken = clients.repeat(once, number, seconds)
    spent, own = cpu_seconds(counter) - before, time.process_time() - own
    return {
        f"{kind}: log-ins a second": done / taken,
        f"{kind}: server's CPU, ms a log-in": spent / done * 1000,
        f"{kind}: client's CPU, ms a log-in": own / done * 1000,
    }


def idle_memory(target: Server, *, when: str) -> Figures:
    """What the container holds, before and after it had something to do."""
    return {f"memory of all processes {when}, MiB": memory(target)}


@contextmanager
def ready(image: str, accounts: int, tls: ssl.SSLContext) -> Iterator[Server]:
    """A server to which each account has logged in once, so that its folders are there."""
    with server(accounts, image=image, config=CLEAR) as target:
        poll(target.healthy, 120)
        for n in range(1, accounts + 1):
            clients.imap_login(target.address, 993, f"user{n}@example.test", PASSWORD, tls)
        yield target


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5, help="length of a turn")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--rest", type=float, default=60, help="seconds until memory is looked at again")
    options = parser.parse_args()
    named, tls = images(options), untrusting()
    with side_by_side(named, partial(ready, accounts=options.accounts, tls=tls)) as turns:
        turns.take(partial(idle_memory, when="before"), 1)
        for kind in options.kinds:
            one = partial(measure, kind=kind, accounts=options.accounts, number=options.clients)
            turns.take(partial(one, seconds=options.seconds, tls=tls), options.rounds)
        time.sleep(options.rest)
        turns.take(partial(idle_memory, when="after"), 1)
    report(f"{options.clients} clients, {options.accounts} accounts", named, turns.found)


if __name__ == "__main__":
    main()
