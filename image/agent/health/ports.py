"""Which ports something listens on, as the kernel tells: no connection is made, so nobody logs one."""

from __future__ import annotations

from pathlib import Path

LISTENING = "0A"
"""TCP_LISTEN of the kernel's tcp_states.h, as in proc(5), /proc/net/tcp."""


def listening_ports(proc: Path = Path("/proc/net")) -> set[int]:
    """TCP ports that something listens on in this container, at any address."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            rows = (proc / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == LISTENING:
                found.add(int(fields[1].rpartition(":")[2], 16))
    return found
