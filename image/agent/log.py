"""The agent's log: one line per event on stderr, `agent: applied release=97 seconds=0.3`.

Never a secret, never the content of a file.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

TRACE = 5
LEVELS: Mapping[str, int] = {
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}
"""The words of LOG_LEVEL."""
LONGEST = 4_000
"""Characters of one value."""


class _WithFields(logging.LoggerAdapter[logging.Logger]):
    """Takes what belongs to an event as keywords: `log.info("applied", release=97)`."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return " ".join([str(msg), *(f"{name}={_value(value)}" for name, value in kwargs.items())]), {}


class _ToStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(f"agent: {record.getMessage()}", file=sys.stderr, flush=True)


def show(level: str) -> None:
    """From here on, write what is of this level or more important; an unknown level changes nothing."""
    if level in LEVELS:
        log.logger.setLevel(LEVELS[level])


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… (cut: {len(text)} characters)"
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    word = text if plain else json.dumps(text, ensure_ascii=False)
    return word.encode("utf-8", "backslashreplace").decode()  # a file's name need not be text


log = _WithFields(logging.getLogger("agent"))
"""A value with spaces or quotes in it is written as a JSON string, so that a line stays a line."""
log.logger.propagate = False
log.logger.addHandler(_ToStderr())
show("info")
