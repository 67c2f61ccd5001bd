"""Sanitizes text from outside, so that a log can keep it and a terminal can show it.

A commit message, an author or a value may hold escape sequences that rewrite what the reader of a terminal
sees (ECMA-48), marks that reorder it (Unicode's UAX 9), or halves of characters that no encoder takes.
"""

from __future__ import annotations

import json
import re
from typing import Any

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters, other than line feeds and tabs, that act on a terminal or that no encoder takes."""


def sanitize(text: str) -> str:
    r"""The text with unsafe characters escaped (`\x1b`); line feeds and tabs stay."""
    text = text.replace("\r\n", "\n")
    return text if _UNSAFE.search(text) is None else _UNSAFE.sub(_visible, text)


_CUT = " characters)"
LONGEST = 4_000
"""Characters of a reason that the log keeps, and of a text in an answer."""


def cut(text: str, most: int = LONGEST) -> str:
    """The text, or its beginning and a note on its full length."""
    if len(text) <= most:
        return text
    if text.endswith(_CUT) and len(text) < most + 60:
        return text  # it was cut before
    return f"{text[:most]} … (the first {most:,} of {len(text):,}{_CUT}"


def sanitize_line(text: str) -> str:
    """The same on one line, so that one text cannot pass for several."""
    return sanitize(" ".join(text.split("\n")))


def sanitize_all(value: Any) -> Any:
    """A JSON value with every text in it sanitized."""
    if isinstance(value, str):
        return sanitize(value)
    if isinstance(value, list):
        return [sanitize_all(each) for each in value]
    if isinstance(value, dict):
        return {key: sanitize_all(each) for key, each in value.items()}
    return value


def read_answer(line: bytes) -> Any:
    """A line of JSON, parsed, with every text in it sanitized. Raises ValueError.

    Where all of a line is printable, and nothing in it is an escape of JSON (RFC 8259, section 7), none of
    its texts has an unsafe character: looking at each takes longer than parsing them.
    """
    text = line.decode("utf-8", "surrogatepass").strip()
    value = json.loads(text)
    return value if "\\" not in text and text.isprintable() else sanitize_all(value)


def _visible(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
