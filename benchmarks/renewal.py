"""From the last written byte of a renewed certificate to handshakes with it, by the way it is written.

python -m benchmarks.renewal --repeat 5
"""

from __future__ import annotations

import argparse
import hashlib
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.server import Server, git, server, untrusting
from benchmarks.table import print_table, seconds
from tests.certificates import Authority, Pair
from tests.integration.tls_box import HOST, TYPES, Host

PORTS = (993, 465)
"""One port of each daemon, with TLS from the first byte."""
DEADLINE = 60.0
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


def measure(target: Server, host: Host, authority: Authority, kind: str, repeat: int) -> list[object]:
    """A row of the table for one way to write certificates."""
    settings, provision, name, key = TYPES[kind]
    first, *renewed = (authority.issue(name, kind=key) for _ in range(repeat + 1))
    provision(host, first)
    switch(target, settings)
    wait_for(target, first)
    taken: list[list[float]] = []
    for pair in renewed:
        time.sleep(2)  # what follows an apply is over; a renewal comes alone
        provision(host, pair)
        taken.append(wait_for(target, pair))
    return [kind, *(seconds(column) for column in zip(*taken, strict=True))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", default=list(TYPES), choices=list(TYPES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mail-bench-tls-") as name:
        host = Host(Path(name))
        mounts = {place: inside for place, inside in host.make().items() if "docker-mailserver" not in inside}
        authority = Authority(host=HOST)
        settings = {
            "OVERRIDE_HOSTNAME": HOST,
            "SSL_TYPE": None,
        }  # main says the type, so one server is enough
        with server(options.accounts, settings, volumes=mounts) as target:
            (host.folder / "config").rmdir()
            (host.folder / "config").symlink_to(target.folder / "config")
            rows = (measure(target, host, authority, kind, options.repeat) for kind in options.kinds)
            print_table(["written", *(f"{port} shows it, s" for port in PORTS)], rows)


if __name__ == "__main__":
    main()
