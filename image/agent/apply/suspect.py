"""Which changed line of a release is most likely the cause of what a service said."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from agent.apply.attempt import Attempt
from agent.errors import AgentError, Failed
from wire.manifest import Action, Compile, Entry
from wire.resemblance import resemblance

SETS = re.compile(r"\s*(?:-o\s+\{?\s*)?(\w+)")
"""What a line sets, or the kind of section that it begins."""
SILENT = "service listen protocols *_limit *_dir *_directory inet_* smtpd_tls_* smtpd_sasl_*"
"""Settings that may keep a service from answering."""
MEANT, WEIGHT = 3, 3
"""As much as a word that was said, and how much more that counts than what was said beside."""


class Line(NamedTuple):
    """A line of a rendered file, counted from 1; 0 where the whole file is meant."""

    path: str
    number: int
    text: str = ""


def suspect(attempt: Attempt, service: str, said: str, about: str = "", beside: str = "") -> Line:
    """Of the lines that the release changed the one that resembles most what was said.

    `about` are settings (fnmatch(3) patterns) that are likely to matter; what was said `beside` may be of
    something else, and counts for less.
    """
    lines = list(_changed(attempt, service))

    def weight(line: Line) -> int:
        return WEIGHT * likeness(said, about, line.text) + resemblance(beside, line.text)

    return max(lines, key=weight, default=Line("", 0))


def likeness(said: str, about: str, line: str) -> int:
    """How likely a line is meant."""
    match = SETS.match(line)
    meant = match is not None and any(fnmatchcase(match[1], each) for each in about.split())
    return resemblance(said, line) + MEANT * meant


def blamed(attempt: Attempt, failure: Failed) -> Failed:
    """A failure at the changed line that is most likely its cause, where it has no place of its own."""
    if failure.path or not attempt.base.commit or failure.service not in attempt.target.services:
        return failure
    with contextlib.suppress(AgentError, OSError):
        failure.path, failure.line, _ = suspect(attempt, failure.service, failure.reason, SILENT)
    return failure


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
