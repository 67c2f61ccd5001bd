"""Messages per second that port 25 takes and Dovecot stores, with and without Rspamd.

python -m benchmarks.delivery --messages 500 --connections 4
"""

from __future__ import annotations

import argparse
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate, make_msgid

from benchmarks.server import Server, poll, resolver, server
from benchmarks.table import print_table

HEADERS = (
    "From: Ada <ada@sender.test>",
    "To: User <user1@example.test>",
    "Subject: Minutes of the meeting",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=us-ascii",
)
BODY = "Nothing was decided that was not decided before.\r\n" * 40


def message() -> str:
    """An unsuspicious message, different each time."""
    own = (f"Date: {formatdate()}", f"Message-ID: {make_msgid(domain='sender.test')}")
    return "\r\n".join([*HEADERS, *own, "", BODY])


def send(target: Server, count: int) -> int:
    """Send `count` messages over one connection; how many were accepted."""
    accepted = 0
    with smtplib.SMTP("127.0.0.1", target.port(25), "mx.sender.test", timeout=120) as client:
        for _ in range(count):
            try:
                client.sendmail("ada@sender.test", ["user1@example.test"], message())
                accepted += 1
            except smtplib.SMTPResponseException:
                client.rset()
    return accepted


def stored(target: Server) -> int:
    """How many messages the mailbox holds."""
    folder = "/var/mail/example.test/user1"
    return int(
        target.exec("sh", "-c", f"find {folder} -path '*new/*' -type f -o -path '*cur/*' -type f | wc -l")
    )


def measure(rspamd: bool, messages: int, connections: int) -> list[object]:
    """A row of the table."""
    with resolver() as dns, server(10, {"ENABLE_RSPAMD": "1" if rspamd else "0"}, dns=dns) as target:
        poll(lambda: target.accepts("user1@example.test"), 60)
        begun = time.monotonic()
        with ThreadPoolExecutor(connections) as pool:
            accepted = sum(pool.map(lambda _: send(target, messages // connections), range(connections)))
        taken = time.monotonic() - begun
        poll(lambda: stored(target) >= accepted, 120)
        total = time.monotonic() - begun
        return ["on" if rspamd else "off", accepted, f"{accepted / taken:.0f}", f"{accepted / total:.0f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    rows = (measure(rspamd, options.messages, options.connections) for rspamd in (False, True))
    print_table(["Rspamd", "messages accepted", "accepted a second", "stored a second"], rows)


if __name__ == "__main__":
    main()
