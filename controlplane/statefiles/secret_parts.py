"""Finds the passwords in the files of `main`, and seals them in place.

A file of these formats stays readable and reviewable: only its secrets are sealed. Files that the control
plane itself reads are taken apart here, by the rules that it reads them by; those of others in secret_files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from controlplane.sealing import is_sealed_value
from controlplane.settings import catalog
from controlplane.statefiles import accounts, env_file, masters, relay
from controlplane.statefiles.continuation_lines import LogicalLine, logical_lines
from controlplane.statefiles.secret_files import reader_of
from controlplane.statefiles.secret_words import is_secret, logins_of_urls, plain_schemes
from controlplane.statefiles.treefile import SETTINGS

Seal = Callable[[str], str]
"""From a secret to the word that may stand in its place."""


class SecretPart(NamedTuple):
    """A secret in the clear: its offsets in the text, and its value.

    `shown` is what may be shown of its line (from 1). `must` is false for what may stay as it is, as
    password hashes may. `cure` is what to do where no sealed word can stand in this place; empty elsewhere.
    """

    start: int
    end: int
    value: str
    line: int
    shown: str
    what: str
    must: bool = True
    cure: str = ""


_IN_PLACE = ("config/ldap-*.cf", "config/dovecot-ldap*", "config/getmail-*.cf", "config/fetchmail.cf")
"""Files of others that are never sealed as a whole by our commands: most of their lines are no secret."""


def has_format(path: str) -> bool:
    """Whether secrets of this file are always sealed in place, and the file never as a whole."""
    return path in _READERS or any(fnmatchcase(path, pattern) for pattern in _IN_PLACE)


_COPY = re.compile(r"(?:\.(?:bak|backup|old|orig|save|new|dist|dpkg-\w+|rpmsave|\d+)|~)+\Z")


def _read_as(path: str) -> str:
    """The path that a file is read like: a copy (`….bak`, `old/config/…`) has the same secrets."""
    path = _COPY.sub("", path)
    if "/config/" in path:
        return f"config/{path.rpartition('/config/')[2]}"
    return SETTINGS if path.endswith(f"/{SETTINGS}") else path


def is_searched(path: str) -> bool:
    """Whether the lines of this file are searched for secrets."""
    path = _read_as(path)
    return path in _READERS or reader_of(path) is not None


def is_searched_by_line(path: str) -> bool:
    """Whether each line of this file is searched for itself, whatever stands above and below it."""
    return _read_as(path) == accounts.PATH


def secret_parts(path: str, text: str) -> Iterator[SecretPart]:
    """All unsealed secrets of the file, in the order of the text."""
    path = _read_as(path)
    own = _READERS.get(path)
    if own is not None:
        yield from (part for part in own(text) if not is_sealed_value(part.value))
        return
    reader = reader_of(path)
    if reader is None:
        return
    end = 0
    for start, stop, what in sorted(set(reader.scan(text))):
        if start >= end:  # what two rules find is one secret
            end = stop
            part = _part(text, (start, stop), _one_line(text[start:stop]), what)
            yield part._replace(cure=reader.cure)


def seal_parts(text: str, parts: Iterable[SecretPart], seal: Seal) -> str:
    """The text with these secrets sealed and the rest unchanged; what cannot be sealed in place stays."""
    done, pieces = 0, []
    for part in sorted(parts):
        if not part.cure:
            pieces += [text[done : part.start], seal(part.value)]
            done = part.end
    return "".join([*pieces, text[done:]])


def _one_line(value: str) -> str:
    return (
        " ".join(line.strip().removesuffix("\\").rstrip() for line in value.split("\n"))
        if "\n" in value
        else value
    )


def _part(text: str, span: tuple[int, int], value: str, what: str, must: bool = True) -> SecretPart:
    start, end = span
    before = text.rfind("\n", 0, start) + 1
    line = text.count("\n", 0, start) + 1
    name = re.match(r"\s*(\S.*?)(?:[ \t]*[=:|]|[ \t]+)", text[before:start]) if must else None
    shown = name[1] if name and len(name[1]) <= 80 else ""
    return SecretPart(start, end, value, line, f"{shown}…", what, must)


_SETTING_CURE = "remove the line, or write it as NAME=value of a setting, then: mailctl seal mailserver.env"


def _settings(text: str) -> Iterator[SecretPart]:
    starts = _line_starts(text)
    for number, line in enumerate(text.split("\n"), 1):
        start, end = env_file.misplaced_secret(line)
        if start < end:
            begin = starts[number - 1]
            what = "a line that may hold a password in the clear, and sets nothing"
            shown = env_file.masked(line)
            cure = _setting_cure(line)
            yield SecretPart(begin + start, begin + end, line[start:end], number, shown, what, cure=cure)
    for place in env_file.written_values(text):
        spec = catalog.SETTINGS.get(place.name)
        if spec is not None and spec.secret and place.value:
            what = f"{place.name} is a password in the clear"
            yield _part(text, (place.start, place.end), place.value, what)
        elif "@" in place.value:
            for start, end, _ in logins_of_urls(text, place.start, place.end):
                what = f"{place.name} holds a URL with a password in the clear"
                yield _part(text, (start, end), text[start:end], what)


def _setting_cure(line: str) -> str:
    entry = env_file.take_apart(line)
    found = catalog.meant(entry.name) if entry and entry.name not in catalog.SETTINGS else None
    if found is None or not found[0]:
        return _SETTING_CURE
    name = found[0].partition("=")[0]
    sealed = f", then: mailctl seal {env_file.PATH}" if catalog.SETTINGS[name].secret else ""
    return f"{entry.name if entry else ''} is not a setting; did you mean {name}? {found[1]}{sealed}"


_ROW_CURE = "write it as key user:password on a line, then: mailctl seal " + relay.CREDENTIALS.path


def _credentials(text: str) -> Iterator[SecretPart]:
    """sasl_passwd of Postfix's SASL_README, by the rule that the control plane reads it by.

    What is written there and has no place for a password is told as a whole, so that it is refused.
    """
    starts = _line_starts(text)
    for entry in logical_lines(text):
        row = relay.take_apart(entry.text)
        if is_sealed_value(row.value) or (not row.value and row.key == relay.shown_key(row.key)):
            continue
        begin, end = starts[entry.numbers[0]], starts[entry.numbers[-1] + 1] - 1
        if not (row.is_key and row.user and row.password) or entry.is_orphan:
            shown = f"{relay.shown_key(row.key)}…" if row.is_key else "…"
            line = entry.numbers[0] + 1
            what = "a row that may hold a password in the clear, in no place that Postfix takes one from"
            if not (row.is_key and is_sealed_value(row.password.strip())):
                yield SecretPart(begin, end, row.value, line, shown, what, cure=_ROW_CURE)
        elif is_secret(row.password.strip(" \t"), "literal"):
            start, number = _behind_user(entry, starts)
            stop = begin + len(text[begin:end].rstrip())
            shown = f"{relay.shown_key(row.key)}…"
            yield SecretPart(start, stop, row.password, number, shown, "a password in the clear")


def _behind_user(entry: LogicalLine, starts: list[int]) -> tuple[int, int]:
    """Offset and line where the password of a row starts: after the first colon that follows the key."""
    for number, part in zip(entry.numbers, entry.parts, strict=True):
        behind = relay.end_of_key(part) if number == entry.numbers[0] else 0
        colon = part.find(":", behind)
        if colon >= 0:
            return starts[number] + colon + 1, number + 1
    raise ValueError("a row without a colon")


def _masters(text: str) -> Iterator[SecretPart]:
    """dovecot-masters.cf: hashes, which may stand in the clear as those of accounts do."""
    starts = _line_starts(text)
    for number, line in enumerate(text.split("\n")):
        found = re.match(r"\s*[^|:#\s][^|:]*[|:][ \t]*(?P<value>[^|\s]+)", line)
        if found is not None:
            start, end = (starts[number] + at for at in found.span("value"))
            is_hash = found["value"][0] in "{$" and next(plain_schemes(found["value"]), None) is None
            what = "a password hash" if is_hash else "a password in the clear"
            yield _part(text, (start, end), found["value"], what, must=not is_hash)


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
