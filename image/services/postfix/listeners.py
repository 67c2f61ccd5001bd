"""Where Postfix listens by its own account: on one protocol or address alone, perhaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from services.base import Runner
from wire.manifest import Probe

DEADLINE = 10.0
ADDRESSES = ("postconf", "-xh", "inet_interfaces", "inet_protocols")


def fit_postfix(probes: Sequence[Probe], runner: Runner) -> tuple[Probe, ...]:
    """The probes, at an address that Postfix listens on (postconf(5), inet_interfaces and inet_protocols)."""
    ran = runner(ADDRESSES, DEADLINE)
    values = ran.output.splitlines()
    if ran.code or len(values) != 2:
        return tuple(probes)
    loopback = "::1" if values[1].strip() == "ipv6" else "127.0.0.1"
    words = [word.strip("[]") for word in re.split(r"[,\s]+", values[0].strip()) if word]
    near = {"all", "loopback-only", "localhost", loopback}
    host = loopback if not words or near.intersection(words) else words[0]
    return tuple(replace(probe, host=host) if probe.port else probe for probe in probes)
