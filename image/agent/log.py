"""One line an event on stderr: `agent: applied release=97 seconds=0.3`. Never a secret or file content."""

from __future__ import annotations

import json
import sys
import threading

_LOCK = threading.Lock()


def log(event: str, **fields: object) -> None:
    """Write one line; values with spaces or quotes are written as JSON strings."""
    words = [f"agent: {event}", *(f"{name}={_value(value)}" for name, value in fields.items())]
    with _LOCK:
        print(" ".join(words), file=sys.stderr, flush=True)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    return text if plain else json.dumps(text, ensure_ascii=False)
