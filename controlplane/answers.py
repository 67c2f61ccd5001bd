"""Errors of this package as answers on a socket, and back: the one mapping between names and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from controlplane.errors import (
    Bug,
    Conflict,
    Corrupt,
    MailserverError,
    NotFound,
    Problem,
    Refused,
    Unavailable,
    UsageError,
)
from controlplane.plain_text import cut
from wire.errors import ErrorAnswer

KINDS: Mapping[str, type[MailserverError]] = {
    kind.__name__: kind for kind in (Refused, UsageError, NotFound, Conflict, Unavailable, Corrupt, Bug)
}
_FIELDS = frozenset(field.name for field in fields(Problem))


def name_of(error: MailserverError) -> str:
    """The name of an error's kind: its class, or the nearest one above that has a name on the wire."""
    return next((cls.__name__ for cls in type(error).__mro__ if cls.__name__ in KINDS), "Bug")


def to_answer(error: MailserverError, said: bool = False) -> ErrorAnswer:
    """The error as an answer, with texts no longer than anybody reads."""
    problems = [_cut(problem.as_dict()) for problem in error.problems] if isinstance(error, Refused) else []
    return ErrorAnswer(name_of(error), cut(str(error)), problems, said)


def from_answer(answer: ErrorAnswer) -> MailserverError:
    """The error that an answer stands for."""
    kind = KINDS[answer.name]
    if not issubclass(kind, Refused):
        return kind(answer.message)
    return kind(_problems(answer) or [Problem(path="", line=0, message=answer.message, cure="")])


def _problems(answer: ErrorAnswer) -> list[Problem]:
    try:
        return [Problem(**{name: row[name] for name in row.keys() & _FIELDS}) for row in answer.problems]
    except TypeError:  # something is missing; the message is there
        return []


def _cut(problem: Mapping[str, object]) -> dict[str, object]:
    return {name: cut(value) if isinstance(value, str) else value for name, value in problem.items()}
