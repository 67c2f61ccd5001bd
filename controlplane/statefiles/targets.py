"""The targets of an alias: addresses, or names of postfix-aliases.cf, separated by commas or white space."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from controlplane import addresses

_SEPARATORS = re.compile(r"[\s,]+")
_SUBSTITUTION = re.compile(r"\$(?:\$|\d{1,2}|\{\d{1,2}\}|\(\d{1,2}\))")
CURE = "write one or more addresses, separated by commas"


def split(text: str) -> tuple[str, ...]:
    """The targets as written, in order, without repetition."""
    found = _SEPARATORS.split(text)
    return tuple(found) if len(found) == 1 and text else tuple(dict.fromkeys(filter(None, found)))


def is_target(text: str) -> bool:
    """Whether this is a valid target: an address, or a local name (virtual(5))."""
    return addresses.is_address(text) or ("@" not in text and addresses.is_local(text))


def is_domain_target(text: str) -> bool:
    """Whether this is `@domain`, which keeps the local part (virtual(5))."""
    return text.startswith("@") and addresses.is_domain(text[1:])


def is_substituted(text: str) -> bool:
    """Whether this is a target once `$1` and the like are filled in (regexp_table(5))."""
    return is_target(_SUBSTITUTION.sub("x", text))


def complaints(text: str, fits: Callable[[str], bool]) -> Iterator[tuple[str, str, str]]:
    """For each part between commas that is no target: the part, what is wrong, and the cure.

    White space separates targets too, but words that don't all fit were meant as one thing.
    """
    for piece in text.split(","):
        words = piece.split()
        if not all(map(fits, words)):
            culprit = piece.strip()
            reason = addresses.complaint(culprit) if len(words) == 1 and "@" in culprit else None
            tail = f": {reason[0]}" if reason and culprit.count("@") == 1 else ""
            yield (
                culprit,
                f'alias target "{culprit}" is not an address{tail}',
                reason[1] if tail and reason else CURE,
            )


def highest_substitution(text: str) -> int:
    """The highest group that the targets refer to; 0 for none."""
    numbers = (re.sub(r"\D", "", found) for found in _SUBSTITUTION.findall(text))
    return max((int(number) for number in numbers if number), default=0)
