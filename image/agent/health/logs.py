"""Why a service does not answer, in its own words: the last complaint in its log since a moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import Failed

LOOK_BACK = 256 * 1024
LONGEST = 300

GRAVITY = ("fatal", "panic", "error")

MAIL_LOG = "var/log/mail/mail.log"
"""Where everything writes that logs by syslog, facility mail."""

PLACES = (
    re.compile(r"(?:file )?/(etc/\S+?),? line (\d+)"),
    re.compile(r"/(etc/\S+?):(\d+):"),
)


@dataclass(frozen=True, slots=True)
class Log:
    """How a service's log is read. Each pattern has the text to show in its first group."""

    file: str
    """Its path, without the leading slash."""
    complaints: re.Pattern[str]
    refused_reload: re.Pattern[str] | None = None
    """What it says where it does not take over a new configuration, although its reload succeeds."""
    parameters: str = ""
    """The file whose parameters its complaints name."""


class LogMark:
    """Where the logs of services ended when an attempt began to act."""

    def __init__(self, root: Path, logs: Mapping[str, Log]) -> None:
        self._root, self._logs = root, logs
        self._ends = {log.file: _size(root / log.file) for log in logs.values()}

    def since(self, service: str) -> list[str]:
        """The log's lines since the mark, at most the last 256 KiB."""
        log = self._logs.get(service)
        if log is None:
            return []
        path = self._root / log.file
        try:
            with path.open("rb") as file:
                size = _size(path)
                file.seek(max(min(self._ends[log.file], size), size - LOOK_BACK))
                return file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def complaint(self, service: str) -> str:
        """The first grave complaint, else the last mild one; "" when there is none.

        The first says what is wrong, those after it what came of that.
        """
        found = self._complaints(service)
        grave = [text for text in found if any(word in text.lower() for word in GRAVITY)]
        return (grave[0] if grave else (found or [""])[-1])[:LONGEST]

    def fatal(self, service: str) -> bool:
        """Whether one of a service's processes ended itself since the mark."""
        found = (text.lower() for text in self._complaints(service))
        return any("fatal: " in text or "panic: " in text for text in found)

    def refused_reload(self, service: str) -> str:
        """What a service said when it did not take over its new configuration on reload, or not all of it."""
        pattern = self._logs[service].refused_reload if service in self._logs else None
        return next(iter(self._matches(service, pattern)), "") if pattern else ""

    def _complaints(self, service: str) -> list[str]:
        return self._matches(service, self._logs[service].complaints) if service in self._logs else []

    def _matches(self, service: str, pattern: re.Pattern[str]) -> list[str]:
        return [match[1] for line in self.since(service) if (match := pattern.search(line))]


def failed(service: str, reason: str, complaint: str, parameters: tuple[str, str] = ("", "")) -> Failed:
    """A failure with the place that the complaint names.

    `parameters` are path and text of the file that sets the parameters it may name.
    """
    text = f"{reason}: {complaint}" if complaint else reason
    for pattern in PLACES:
        if match := pattern.search(complaint):
            return Failed(service, text, match[1], int(match[2]))
    if match := re.search(r"(?:parameter|configuration:) (\w+)", complaint):
        path, content = parameters
        if line := line_of(content, match[1]):
            return Failed(service, text, path, line)
    return Failed(service, text)


def line_of(text: str, parameter: str) -> int:
    """The last line that sets a parameter: the one that counts (postconf(5)); 0 when none does."""
    found = 0
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"{re.escape(parameter)}\s*=", line):
            found = number
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
