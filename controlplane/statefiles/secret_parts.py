"""Where in the files of `main` passwords stand, so that they are found, and sealed in their places.

A file of these formats stays readable and reviewable: only its secrets are sealed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from controlplane.sealing import is_sealed_value
from controlplane.settings import catalog
from controlplane.statefiles import env_file, masters, relay
from controlplane.statefiles.logical import logical_lines

Seal = Callable[[str], str]
"""From a secret to the word that may stand in its place."""


class SecretPart(NamedTuple):
    """A secret that stands in the clear: its offsets in the text, and what it says.

    `shown` is what may be shown of its line (from 1). `must` is false for what may stay as it is, as
    password hashes may.
    """

    start: int
    end: int
    value: str
    line: int
    shown: str
    what: str
    must: bool = True


class _Pattern(NamedTuple):
    """Lines that hold a secret, as the group `value`."""

    paths: str
    line: re.Pattern[str]


_VALUE = r"(?P<quote>[\"']?)(?P<value>\S(?:.*?\S)?)(?P=quote)[ \t\r]*$"
_PATTERNS = (
    # bind_pw is of ldap_table(5), dnpass of Dovecot's dovecot-ldap.conf.ext
    _Pattern("config/ldap-*.cf", re.compile(rf"(?m)^[ \t]*bind_pw[ \t]*=[ \t]*{_VALUE}")),
    _Pattern("config/dovecot-ldap*", re.compile(rf"(?m)^[ \t]*dnpass[ \t]*=[ \t]*{_VALUE}")),
    _Pattern("config/getmail-*.cf", re.compile(rf"(?m)^[ \t]*password[ \t]*=[ \t]*{_VALUE}")),
    # fetchmail(1), "pass" and "password" of a user entry
    _Pattern(
        "config/fetchmail.cf",
        re.compile(r"(?i)\bpass(?:word)?[ \t]+(?:is[ \t]+)?(?P<quote>[\"']?)(?P<value>[^\s\"']+)(?P=quote)"),
    ),
)


def has_format(path: str) -> bool:
    """Whether the secrets of this file can be sealed where they stand."""
    return path in _READERS or any(fnmatchcase(path, pattern.paths) for pattern in _PATTERNS)


def secret_parts(path: str, text: str) -> Iterator[SecretPart]:
    """Every secret of the file that is not sealed, in the order of the text."""
    reader = _READERS.get(path)
    if reader is not None:
        yield from (part for part in reader(text) if not is_sealed_value(part.value))
    for pattern in _PATTERNS:
        if fnmatchcase(path, pattern.paths):
            for found in pattern.line.finditer(text):
                comment = "#" in text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
                if not comment and not is_sealed_value(found["value"]):
                    yield _part(text, found.span("value"), found["value"], "a password in the clear")


def seal_parts(text: str, parts: Iterable[SecretPart], seal: Seal) -> str:
    """The text with these secrets sealed, everything else as it was."""
    for part in sorted(parts, reverse=True):
        text = text[: part.start] + seal(part.value) + text[part.end :]
    return text


def _part(text: str, span: tuple[int, int], value: str, what: str, must: bool = True) -> SecretPart:
    start, end = span
    before = text.rfind("\n", 0, start) + 1
    line = text.count("\n", 0, start) + 1
    name = re.match(r"\s*(.*?\S)(?:[ \t]*[=:|]|[ \t]+)", text[before:start]) if must else None
    shown = name[0] if name else ""
    return SecretPart(start, end, value, line, f"{shown.lstrip()}…", what, must)


def _settings(text: str) -> Iterator[SecretPart]:
    for place in env_file.written_values(text):
        spec = catalog.SETTINGS.get(place.name)
        if spec is not None and spec.secret and place.value:
            what = f"{place.name} is a password in the clear"
            yield _part(text, (place.start, place.end), place.value, what)


_CREDENTIALS = re.compile(r"\s*\S+\s+(?P<user>[^\s:]+):(?P<value>\S(?:.*\S)?)\s*", re.DOTALL)


def _credentials(text: str) -> Iterator[SecretPart]:
    """sasl_passwd of Postfix's SASL_README: key, white space, user:password, on one or more lines."""
    starts = _line_starts(text)
    for entry in logical_lines(text):
        begin, end = starts[entry.numbers[0]], starts[entry.numbers[-1] + 1] - 1
        found = _CREDENTIALS.fullmatch(text, begin, end)
        words = text[begin:end].split(maxsplit=1)
        if found is not None and not is_sealed_value(words[1].strip()):
            value = " ".join(part.strip() for part in found["value"].split("\n"))
            yield _part(text, found.span("value"), value, "a password in the clear")


def _masters(text: str) -> Iterator[SecretPart]:
    """dovecot-masters.cf: hashes, which may stand in the clear as those of accounts do."""
    starts = _line_starts(text)
    for number, line in enumerate(text.split("\n")):
        found = re.match(r"\s*[^|#\s][^|]*\|[ \t]*(?P<value>[^|\s]+)", line)
        if found is not None:
            start, end = (starts[number] + at for at in found.span("value"))
            yield _part(text, (start, end), found["value"], "a password hash", must=False)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


_READERS: dict[str, Callable[[str], Iterator[SecretPart]]] = {
    env_file.PATH: _settings,
    relay.CREDENTIALS.path: _credentials,
    masters.TABLE.path: _masters,
}
