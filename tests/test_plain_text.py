"""Texts from outside, as an answer brings them to a terminal."""

from __future__ import annotations

import json

import pytest

from controlplane.plain_text import read_answer, sanitize_all
from wire.lines import encode


@pytest.mark.parametrize(
    "text",
    [
        "info@example.test",
        "Grüße, 山田 → ✔",
        "two\nlines\tand a tab",
        "a\u00a0space of another kind",
        'quotes "and" a \\ before u001b',
        "\x1b[31mred",
        "a bell \x07",
        "deleted \x7f",
        "\x85 ends a line",
        "\u202eturned round",
        "\u2028 ends a line, too",
        "half a pair \ud83d",
    ],
)
def test_an_answer_is_read_as_safe_text(text: str) -> None:
    """Whether a look at the whole line was enough or not, and however the line was written."""
    answer = {"result": {"rows": [{"text": text}, ["all right", 1, None]]}}
    for line in (encode(answer), json.dumps(answer).encode() + b"\n"):
        assert read_answer(line) == sanitize_all(answer)


def test_what_is_not_json_is_a_value_error() -> None:
    """As from `json.loads`, whatever is wrong with it."""
    for line in (b"no\n", b"\xff\n"):
        with pytest.raises(ValueError, match=r"\S"):
            read_answer(line)
