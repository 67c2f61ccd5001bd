"""One line an event on stderr: `2026-11-24T08:12:03Z warning not packed error="…"`.

Never a secret and never the content of a file. A library for this took a fifth of the daemon's memory.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from controlplane.plain_text import cut, sanitize

_LOCK = threading.Lock()
LONGEST = 8_000
"""Characters of one value: a traceback, and room."""
_RANKS = {"critical": 0, "error": 0, "warning": 1, "warn": 1, "info": 2, "debug": 3, "trace": 4}
"""Our levels, and the words of LOG_LEVEL; a lower rank is more important."""
_level: list[Callable[[], str]] = [lambda: "info"]


def follow(level: Callable[[], str]) -> None:
    """From here on ask for LOG_LEVEL at each line, so that a changed setting holds at once."""
    _level[0] = level


def debug(event: str, **fields: object) -> None:
    """What somebody needs who looks for a fault."""
    _write("debug", event, fields)


def info(event: str, **fields: object) -> None:
    """Something that is as it should be."""
    _write("info", event, fields)


def warning(event: str, **fields: object) -> None:
    """Something that did not work and is tried again, or that somebody should look at."""
    _write("warning", event, fields)


def exception(event: str, **fields: object) -> None:
    """What is being handled is no failure that we know: with its traceback, to be called in an `except`."""
    _write("error", event, fields | {"exception": traceback.format_exc().rstrip()})


def critical(event: str, **fields: object) -> None:
    """The daemon ends."""
    _write("critical", event, fields)


def _write(level: str, event: str, fields: dict[str, object]) -> None:
    if _RANKS[level] > _RANKS[_level[0]()]:
        return
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    words = [time, level, event, *(f"{name}={_value(value)}" for name, value in fields.items())]
    with _LOCK:
        print(" ".join(words), file=sys.stderr, flush=True)


def _value(value: object) -> str:
    """A value that is one word as it is; anything else as a JSON string, so that a line stays a line."""
    text = cut(str(value), LONGEST)
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    return text if plain else json.dumps(sanitize(text), ensure_ascii=False)
