"""The daemon's log: one line per event on stderr, by structlog.

`2026-11-24T08:12:03Z warning not packed error="…" op=edit actor=ada position=41`, or an object of JSON with
the same names. Never a secret, never the content of a file but what a notice quotes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from controlplane.plain_text import cut, sanitize


@contextmanager
def _spared(name: str) -> Iterator[None]:
    """Let an empty module stand in for one that others import and need nothing of."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]


with _spared("asyncio"):  # for structlog's awaitable methods: 1.6 MiB that no thread here ever needs
    import structlog
    from structlog.contextvars import bind_contextvars as bind
    from structlog.contextvars import get_contextvars
    from structlog.processors import NAME_TO_LEVEL, JSONRenderer, TimeStamper, add_log_level, format_exc_info
    from structlog.typing import EventDict, FilteringBoundLogger

__all__ = ["bind", "follow", "log"]

LONGEST = 8_000
"""Characters of one value: a traceback, and room."""
BOUND = ("op", "actor", "position")
"""What each line that is written for a request has, at its end; `position` is the log's when it came."""
_settings: list[Callable[[], tuple[str, str]]] = [lambda: ("info", "console")]


def follow(settings: Callable[[], tuple[str, str]]) -> None:
    """From here on ask for LOG_LEVEL and LOG_FORMAT at each line, so that a changed setting holds at once."""
    _settings[0] = settings


def _drop_unwanted(_logger: object, method: str, fields: EventDict) -> EventDict:
    """LOG_LEVEL knows one word more than structlog, `trace`: everything."""
    if NAME_TO_LEVEL[method] < NAME_TO_LEVEL.get(_settings[0]()[0], 0):
        raise structlog.DropEvent
    return fields


def _name_the_request(_logger: object, _method: str, fields: EventDict) -> EventDict:
    """Add what the request's thread has bound; structlog's own processor adds it in any order."""
    bound = get_contextvars()
    for name in BOUND:
        if name in bound:
            fields.setdefault(name, bound[name])
    return fields


def _line(logger: object, method: str, fields: EventDict) -> str:
    if _settings[0]()[1] == "json":
        return str(_as_json(logger, method, {name: _cut(value) for name, value in fields.items()}))
    words = [fields.pop(name) for name in ("timestamp", "level", "event")]
    return " ".join([*words, *(f"{name}={_value(value)}" for name, value in fields.items())])


_as_json = JSONRenderer(default=str)


def _cut(value: object) -> object:
    return cut(value, LONGEST) if isinstance(value, str) else value


def _value(value: object) -> str:
    """A value that is one word as it is; anything else as a JSON string, so that a line stays a line."""
    text = cut(str(value), LONGEST)
    plain = text and all(c.isprintable() and c not in ' "=' for c in text)
    return text if plain else json.dumps(sanitize(text), ensure_ascii=False)


def _to_stderr(*_arguments: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


structlog.configure(
    processors=[
        _drop_unwanted,
        _name_the_request,
        add_log_level,
        format_exc_info,
        TimeStamper("%Y-%m-%dT%H:%M:%SZ"),
        _line,
    ],
    wrapper_class=structlog.make_filtering_bound_logger(NAME_TO_LEVEL["notset"]),
    logger_factory=_to_stderr,
)
log: FilteringBoundLogger = structlog.get_logger()
"""`warning`: it did not work and is tried again, or somebody should look at it. `exception`: a bug, with its
traceback. `critical`: the daemon ends."""
