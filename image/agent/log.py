"""One line per event on stderr: `agent: applied release=97 seconds=0.3`. Never a secret or file content."""

from __future__ import annotations

import json
import sys
import threading

_LOCK = threading.Lock()
LEVELS = ("error", "warn", "info", "debug", "trace")
"""Those of LOG_LEVEL, each with what those before it show."""
LONGEST = 4_000
"""Characters of one value."""
PROBLEMS = frozenset({"reason", "problem", "error"})
_shown = [LEVELS.index("info")]


def show(level: str) -> None:
    """From here on, write what is of this level or more important; an unknown level changes nothing."""
    if level in LEVELS:
        _shown[0] = LEVELS.index(level)


def shows(level: str) -> bool:
    """Whether lines of this level are written."""
    return LEVELS.index(level) <= _shown[0]


def log(event: str, *, level: str = "", **fields: object) -> None:
    """Write one line; values with spaces or quotes are written as JSON strings.

    Where no level is given, what has a reason is a warning, and the rest information.
    """
    if not shows(level or ("warn" if PROBLEMS & fields.keys() else "info")):
        return
    words = [f"agent: {event}", *(f"{name}={_value(value)}" for name, value in fields.items())]
    with _LOCK:
        print(" ".join(words), file=sys.stderr, flush=True)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… (cut: {len(text)} characters)"
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
