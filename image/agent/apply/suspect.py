"""Which changed line of a release is most likely the cause of what a service said."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.apply.attempt import Attempt
from agent.errors import AgentError, Failed
from wire.manifest import Action, Compile, Entry

PART = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{4,6}")
"""How parts of a name begin: "recipi" of `smtpd_recipient_restrictions` and of "Recipient address"."""
WORD = re.compile(r"[\w./:@%-]{3,}")


class Line(NamedTuple):
    """A line of a rendered file, counted from 1; 0 where the whole file is meant."""

    path: str
    number: int
    text: str = ""


def suspect(attempt: Attempt, service: str, said: str) -> Line:
    """Of the lines that the release changed the one that has most of the words that were said."""
    lines = list(_changed(attempt, service))
    return max(lines, key=lambda line: resemblance(said, line.text), default=Line("", 0))


def blamed(attempt: Attempt, failure: Failed) -> Failed:
    """A failure at the changed line that is most likely its cause, where it has no place of its own."""
    if failure.path or not attempt.base.commit or failure.service not in attempt.target.services:
        return failure
    with contextlib.suppress(AgentError, OSError):
        failure.path, failure.line, _ = suspect(attempt, failure.service, failure.reason)
    return failure


def resemblance(said: str, line: str) -> int:
    """How much a line has of what was said: whole words count for more than beginnings."""
    whole = _words(said) & _words(line)
    parts = _parts(said) & _parts(line)
    return 3 * len(whole) + len(parts)


def _words(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}


def _parts(text: str) -> set[str]:
    return {part.lower() for part in PART.findall(text)}


def _changed(attempt: Attempt, service: str) -> Iterator[Line]:
    """Lines of the service's configuration that were not there before; the file where it only lost some."""
    for entry in (*attempt.plan.write, *attempt.plan.remove):
        if service not in entry.services or (entry.action == Action.NONE and entry.compile != Compile.SIEVE):
            continue
        known = set(_lines(attempt, attempt.base.files.get(entry.path)))
        new = [
            Line(entry.path, number, text)
            for number, text in enumerate(_lines(attempt, attempt.target.files.get(entry.path)), 1)
            if text.strip() and not text.lstrip().startswith("#") and text not in known
        ]
        yield from new or [Line(entry.path, 0)]


def _lines(attempt: Attempt, entry: Entry | None) -> list[str]:
    return attempt.content(entry).decode("utf-8", "replace").splitlines() if entry else []
