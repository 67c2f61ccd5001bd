"""From the last written byte of a renewed certificate to handshakes with it, by the way it is written.

python -m benchmarks.renewal --against IMAGE --rounds 5
"""

from __future__ import annotations

import hashlib
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.compare import Figures, arguments, images, report, side_by_side
from benchmarks.server import Server, git, server, untrusting
from tests.certificates import Authority, Pair
from tests.integration.tls_box import HOST, TYPES, Host

PORTS = (993, 465)
"""One port of each daemon, with TLS from the first byte."""
DEADLINE = 120.0
MOST_CLIENTS, BETWEEN_CLIENTS = 20, 0.1


def shown(target: Server, port: int) -> str:
    """SHA-256 of the certificate that a port shows; "" where it does not answer."""
    try:
        with (
            socket.create_connection(("127.0.0.1", target.port(port)), timeout=10) as plain,
            untrusting().wrap_socket(plain) as encrypted,
        ):
            return hashlib.sha256(encrypted.getpeercert(binary_form=True) or b"").hexdigest()
    except OSError:
        return ""


def wait_for(target: Server, pair: Pair) -> list[float]:
    """Seconds until each port shows the pair to somebody who comes then.

    Clients come all the time and do not wait for each other: one that meets Postfix while it reloads may
    have to wait a second or two for its helpers (anvil(8), tlsmgr(8)), which says nothing of the next one.
    """
    begun = time.monotonic()
    first = dict.fromkeys(PORTS, 0.0)

    def come(port: int) -> None:
        if shown(target, port) == pair.fingerprint:
            first[port] = first[port] or time.monotonic() - begun

    with ThreadPoolExecutor(MOST_CLIENTS) as clients:
        while not all(first.values()):
            if time.monotonic() - begun > DEADLINE:
                raise TimeoutError(f"the new certificate did not come within {DEADLINE} s")
            for port in PORTS:
                if not first[port]:
                    clients.submit(come, port)
            time.sleep(BETWEEN_CLIENTS)
    return list(first.values())


def switch(target: Server, settings: dict[str, str]) -> None:
    """Push a mailserver.env of these settings."""
    with target.clone() as clone:
        (clone / "mailserver.env").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        git(clone, "add", "mailserver.env")
        git(clone, "commit", "-q", "-m", "Set TLS")
        git(clone, "push", "-q")


@dataclass(frozen=True)
class Renewing:
    """A server, and the folders of this machine in which it finds certificates."""

    server: Server
    host: Host
    authority: Authority

    def __str__(self) -> str:
        return str(self.server)


@contextmanager
def ready(image: str, accounts: int, authority: Authority) -> Iterator[Renewing]:
    """A server with every place for certificates mounted: what main says decides which is used."""
    with tempfile.TemporaryDirectory(prefix="mail-bench-tls-") as name:
        host = Host(Path(name))
        mounts = {place: inside for place, inside in host.make().items() if "docker-mailserver" not in inside}
        settings = {"OVERRIDE_HOSTNAME": HOST, "SSL_TYPE": None}
        with server(accounts, settings, volumes=mounts, image=image) as target:
            (host.folder / "config").rmdir()
            (host.folder / "config").symlink_to(target.folder / "config")
            yield Renewing(target, host, authority)


def begin(of: Renewing, *, kind: str) -> Figures:
    """Let a server use one way to write certificates, with a first one; nothing is measured of it."""
    settings, provision, name, key = TYPES[kind]
    first = of.authority.issue(name, kind=key)
    provision(of.host, first)
    switch(of.server, settings)
    wait_for(of.server, first)
    return {}


def measure(of: Renewing, *, kind: str) -> Figures:
    """Renew once."""
    _, provision, name, key = TYPES[kind]
    renewed = of.authority.issue(name, kind=key)
    time.sleep(2)  # what follows an apply is over; a renewal comes alone
    provision(of.host, renewed)
    taken = wait_for(of.server, renewed)
    return {f"{kind}: {port} has it, s": seconds for port, seconds in zip(PORTS, taken, strict=True)}


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--kinds", nargs="+", default=list(TYPES), choices=list(TYPES))
    options = parser.parse_args()
    named, authority = images(options), Authority(host=HOST)
    with side_by_side(named, partial(ready, accounts=options.accounts, authority=authority)) as turns:
        for kind in options.kinds:
            turns.take(partial(begin, kind=kind), 1)
            turns.take(partial(measure, kind=kind), options.rounds)
    report("files as of", named, turns.found)


if __name__ == "__main__":
    main()
