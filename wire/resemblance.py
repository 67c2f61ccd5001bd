"""How much a line of configuration has of what a program said, for who looks for what is to blame."""

from __future__ import annotations

import re

WORD = re.compile(r"[\w./:@%-]{3,}")
PART = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{4,6}")
"""How parts of a name begin: "recipi" of `smtpd_recipient_restrictions` and of "Recipient address"."""


def resemblance(said: str, line: str) -> int:
    """Whole words that both have count for more than beginnings."""
    return 3 * len(_found(WORD, said) & _found(WORD, line)) + len(_found(PART, said) & _found(PART, line))


def _found(pattern: re.Pattern[str], text: str) -> set[str]:
    return {word.lower() for word in pattern.findall(text)}
