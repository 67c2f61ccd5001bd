"""Why a service does not answer, in its own words: the last complaint in its log since a moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from agent.errors import Failed

LOOK_BACK = 256 * 1024
LONGEST = 300

COMPLAINTS: Mapping[str, re.Pattern[str]] = {
    "postfix": re.compile(r"postfix[^\s\[]*(?:\[\d+\])?: ((?:fatal|panic|error|warning): .*)"),
    "dovecot": re.compile(r"dovecot(?:\[\d+\])?: ([\w-]+(?:\([^)]*\))?: (?:Fatal|Panic|Error): .*)"),
    "rspamd": re.compile(r"((?:cannot|error|failed|bad).*)", re.IGNORECASE),
}
GRAVITY = ("fatal", "panic", "error")

# Dovecot's master says this when a reload meets a configuration it cannot use: doveadm still returns 0. A
# listener that it cannot open is left out on a reload, and keeps Dovecot from its next start.
RELOAD_COMPLAINT = re.compile(
    r"dovecot(?:\[\d+\])?: (?:master|config): ((?:Error|Fatal): .*(?:[Cc]onfig|listen\(\S+ \d+\) failed).*)"
)

PLACES = (
    re.compile(r"(?:file )?/(etc/\S+?),? line (\d+)"),
    re.compile(r"/(etc/\S+?):(\d+):"),
)


class LogMark:
    """Where the logs ended when an attempt began to act."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        self._logs = logs
        self._ends = {path: _size(path) for path in set(logs.values())}

    def since(self, service: str) -> list[str]:
        """The log's lines since the mark, at most the last 256 KiB."""
        path = self._logs.get(service)
        if path is None:
            return []
        try:
            with path.open("rb") as file:
                size = _size(path)
                file.seek(max(min(self._ends[path], size), size - LOOK_BACK))
                return file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []

    def complaint(self, service: str) -> str:
        """The first grave complaint, else the last mild one; "" when there is none.

        The first says what is wrong, those after it what came of that.
        """
        pattern = COMPLAINTS.get(service)
        if pattern is None:
            return ""
        found = [m[1] for line in self.since(service) if (m := pattern.search(line))]
        grave = [text for text in found if any(word in text.lower() for word in GRAVITY)]
        return (grave[0] if grave else (found or [""])[-1])[:LONGEST]

    def fatal(self, service: str) -> bool:
        """Whether one of a service's processes ended itself since the mark."""
        pattern = COMPLAINTS.get(service)
        if pattern is None:
            return False
        found = (m[1].lower() for line in self.since(service) if (m := pattern.search(line)))
        return any("fatal: " in text or "panic: " in text for text in found)

    def refused_reload(self, service: str) -> str:
        """What a service said when it did not take over its new configuration on reload, or not all of it."""
        if service != "dovecot":
            return ""
        return next((m[1] for line in self.since(service) if (m := RELOAD_COMPLAINT.search(line))), "")


def failed(service: str, reason: str, complaint: str, main_cf: str = "") -> Failed:
    """A failure with the place that the complaint names."""
    text = f"{reason}: {complaint}" if complaint else reason
    for pattern in PLACES:
        if match := pattern.search(complaint):
            return Failed(service, text, match[1], int(match[2]))
    if match := re.search(r"(?:parameter|configuration:) (\w+)", complaint):
        line = line_of(main_cf, match[1])
        if line:
            return Failed(service, text, "etc/postfix/main.cf", line)
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
