"""Which pair of a source serves: the preferred one of those that can, and why others were passed over."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from agent.certificates.sources import CERTIFICATE, Found, Open, Passed, look
from agent.certificates.store import examine
from agent.commands import run
from agent.errors import Refused, Unavailable

DEADLINE = 20.0


class Choice(NamedTuple):
    """What is to serve; None where a source has nothing that could."""

    found: Found | None
    passed: tuple[Passed, ...]
    """What would have gone before it, the preferred first."""
    until: float
    """When the times of a certificate may change the choice, in seconds since 1970; infinite for never."""
    kept: bool = False
    """Whether the pair that was read before stays, because its place has nothing usable now."""


def choose(
    source: Mapping[str, Any],
    root: Path,
    opened: Open = lambda content: content,
    before: Found | None = None,
    now: float | None = None,
) -> Choice:
    """The first pair that fits together and is valid, else the first that fits together.

    The pair that was read `before` stands in for what its own place holds now. Raises Unavailable.
    """
    now = time.time() if now is None else now
    passed: list[Passed] = []
    spare: Found | None = None
    until = math.inf
    for each in look(source, root, opened):
        reason, turns = _judged(each, now)
        until = min(until, turns)
        if not reason and isinstance(each, Found):
            return Choice(each, tuple(passed), until)
        passed.append(Passed(each.place, reason))
        if before and _at(before.place, each.place) and not _judged(before, now)[0]:
            return Choice(before, tuple(passed), min(until, _judged(before, now)[1]), kept=True)
        if spare is None and isinstance(each, Found) and _fits(each):
            spare = each
    others = tuple(row for row in passed if spare is None or row.place != spare.place)
    return Choice(spare, others, until)


def _at(place: str, looked_at: str) -> bool:
    """Whether a place is the one that was looked at, or an entry of the store that was."""
    return place == looked_at or place.startswith(f"{looked_at} (")


def _judged(each: Found | Passed, now: float) -> tuple[str, float]:
    """(why a pair cannot serve, when that may change)."""
    if isinstance(each, Passed):
        return each.reason, math.inf
    try:
        examine(each.chain, each.key)
        begin, end = validity(each.chain)
    except Refused as error:
        return str(error), math.inf
    if end <= now:
        return f"it ended on {_day(end)}", math.inf
    return (f"it is not valid before {_day(begin)}", begin) if begin > now else ("", end)


def _fits(found: Found) -> bool:
    try:
        examine(found.chain, found.key)
    except Refused:
        return False
    return True


@lru_cache(maxsize=32)
def validity(chain: bytes) -> tuple[float, float]:
    """(begin, end) of a chain's first certificate, in seconds since 1970. Raises Refused, Unavailable."""
    first = CERTIFICATE.search(chain)
    words = ["openssl", "x509", "-noout", "-startdate", "-enddate"]
    ran = run(words, DEADLINE, given=first[0] if first else b"")
    if ran.timed_out:
        raise Unavailable("openssl x509 did not answer")
    lines = dict(line.split("=", 1) for line in ran.output.splitlines() if "=" in line)
    try:
        begin, end = (ssl.cert_time_to_seconds(lines[name]) for name in ("notBefore", "notAfter"))
    except (KeyError, ValueError) as error:
        raise Refused("the times of the certificate cannot be read") from error
    return begin, end


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
