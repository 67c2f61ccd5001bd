"""Which ports something listens on, as the kernel tells: no connection is made, so nobody logs one."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LISTENING = "0A"
"""TCP_LISTEN of the kernel's tcp_states.h, as in proc(5), /proc/net/tcp."""


def listening_ports(proc: Path = Path("/proc/net")) -> set[int]:
    """TCP ports that something listens on in this container, at any address."""
    return {int(port, 16) for _, port in _listeners(proc)}


def listening_addresses(port: int, proc: Path = Path("/proc/net")) -> set[Address]:
    """The addresses at which something listens on a port; unspecified ones stand for all."""
    return {_address(octets) for octets, number in _listeners(proc) if int(number, 16) == port}


def _listeners(proc: Path) -> Iterator[tuple[str, str]]:
    """Address and port of each listener, in hexadecimal digits."""
    for name in ("tcp", "tcp6"):
        try:
            rows = (proc / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == LISTENING:
                address, _, port = fields[1].rpartition(":")
                yield address, port


def _address(digits: str) -> Address:
    """The kernel prints words of four octets in the machine's order."""
    octets = bytes.fromhex(digits)
    words = (octets[n : n + 4] for n in range(0, len(octets), 4))
    return ipaddress.ip_address(b"".join(word[::-1] if sys.byteorder == "little" else word for word in words))
