"""How the canary finds its messages."""

from __future__ import annotations

from services.dovecot.canary import _numbers

LINES = [
    b"* 3 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] {30}",
    b"Message-ID: <one@example.com>",
    b"",
    b")",
    b"* 4 FETCH (UID 9 BODY[HEADER.FIELDS (MESSAGE-ID)] {32}",
    b"Message-ID:",
    b" <two@example.com>",
    b"",
    b")",
    b"* 12 FETCH (UID 10 BODY[HEADER.FIELDS (MESSAGE-ID)] {30}",
    b"Message-ID: <one@example.com>",
    b"f OK Fetch completed.",
]


def test_messages_are_named_by_their_numbers() -> None:
    """Each that has the word, also in a line that was folded."""
    assert _numbers(LINES, b"one@") == "3,12"
    assert _numbers(LINES, b"two@") == "4"
    assert _numbers(LINES, b"three@") == ""
