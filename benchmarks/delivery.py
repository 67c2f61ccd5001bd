"""Messages a second that port 25 takes and Dovecot stores, and what one costs: two images in turns.

python -m benchmarks.delivery --against IMAGE --messages 400 --connections 4 --mailboxes 1 100 [--rspamd]
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from pathlib import Path

from benchmarks import clients
from benchmarks.compare import Figures, arguments, images, report, side_by_side
from benchmarks.costs import cpu_counter, cpu_seconds
from benchmarks.server import Server, poll, resolver, server

HEADERS = (
    "From: Ada <ada@sender.test>",
    "To: User <user1@example.test>",
    "Subject: Minutes of the meeting",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=us-ascii",
    f"Date: {formatdate()}",
)
BODY = "Nothing was decided that was not decided before.\r\n" * 40
NUMBERS = itertools.count()
STORED_WITHIN = 120.0


def message(number: int) -> bytes:
    """An unsuspicious message, different each time."""
    own = f"Message-ID: <{time.time_ns()}.{number}@sender.test>"
    return "\r\n".join([*HEADERS, own, "", BODY]).encode()


def send(target: Server, count: int, mailboxes: int) -> None:
    """Send so many messages over one connection, each to the next of the mailboxes."""
    with clients.Talk(target.address, 25) as talk:
        talk.ask(b"", clients.REPLY, b"2")
        talk.ask(b"EHLO mx.sender.test\r\n", clients.REPLY, b"2")
        for number in itertools.islice(NUMBERS, count):
            clients.deliver(talk, f"user{number % mailboxes + 1}@example.test", message(number))
        talk.ask(b"QUIT\r\n", clients.REPLY, b"2")


def stored(mail: Path, since: float) -> list[float]:
    """When each message came into its mailbox (Unix time), of those that came since then.

    Maildir gives a file its name in `new` when it is whole, which is its last change (ctime).
    """
    found = (path.stat().st_ctime for path in mail.glob("example.test/*/**/new/*"))
    return [changed for changed in found if changed >= since]


def measure(target: Server, *, mailboxes: int, messages: int, connections: int) -> Figures:
    """Send over all connections at once and wait until everything is in the mailboxes."""
    each = messages // connections
    counter = cpu_counter(target)
    time.sleep(0.1)  # more than a tick of the clock of files
    begun, before, own = time.time(), cpu_seconds(counter), time.process_time()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda _: send(target, each, mailboxes), range(connections)))
    taken, own = time.time() - begun, time.process_time() - own
    sent, times = each * connections, list[float]()

    def all_stored() -> bool:
        time.sleep(0.2)  # looking costs CPU, and the files say when they came
        times[:] = stored(target.mail, begun)
        return len(times) >= sent

    poll(all_stored, STORED_WITHIN)
    spent = cpu_seconds(counter) - before
    kind = f"{mailboxes} mailbox{'es' if mailboxes > 1 else ''}"
    return {
        f"{kind}: accepted a second": sent / taken,
        f"{kind}: stored a second": sent / (max(times) - begun),
        f"{kind}: server's CPU, ms a message": spent / sent * 1000,
        f"{kind}: client's CPU, ms a message": own / sent * 1000,
    }


@contextmanager
def ready(image: str, rspamd: str, dns: str, mailboxes: int) -> Iterator[Server]:
    """A server whose mailboxes have a message each, and whose postscreen knows the client."""
    with server(max(mailboxes, 10), {"ENABLE_RSPAMD": rspamd}, dns=dns, image=image) as target:
        poll(target.healthy, 120)
        poll(lambda: target.accepts("user1@example.test"), 60)
        measure(target, mailboxes=mailboxes, messages=mailboxes, connections=1)
        yield target


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--messages", type=int, default=400, help="per turn")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--mailboxes", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--rspamd", action="store_true", help="with Rspamd")
    options = parser.parse_args()
    named, most = images(options), max(options.mailboxes)
    with resolver() as dns:
        make = partial(ready, rspamd=str(int(options.rspamd)), dns=dns, mailboxes=most)
        with side_by_side(named, make) as turns:
            for mailboxes in options.mailboxes:
                one = partial(measure, mailboxes=mailboxes, messages=options.messages)
                turns.take(partial(one, connections=options.connections), options.rounds)
    title = f"Rspamd {'on' if options.rspamd else 'off'}, {options.connections} connections"
    report(title, named, turns.found)


if __name__ == "__main__":
    main()
