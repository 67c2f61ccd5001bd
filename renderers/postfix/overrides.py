"""postfix-main.cf of main, merged into what we render.

The syntax is postconf(5)'s: a line that begins with white space goes on with the one before, comments
and blank lines may stand between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from renderers.service import Origin

MAIN = "config/postfix-main.cf"
_REFERENCE = re.compile(r"\$[{(]?([A-Za-z0-9_]+)[})]?")
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Parameter(NamedTuple):
    """A logical line `name = value`: the first line's number (from 1) and its lines as written."""

    name: str
    value: str
    line: int
    rows: tuple[str, ...]


class BadLine(NamedTuple):
    """A line that cannot be merged, and why."""

    line: int
    message: str
    cure: str


def decoded(content: bytes) -> str:
    """The text of an override, with the line ends of this system."""
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


def parameters(text: str) -> Iterator[Parameter | BadLine]:
    """The logical lines of a main.cf, in order; comments are left out."""
    for number, rows in logical_rows(text):
        joined = " ".join(row.strip() for row in rows)
        name, equals, value = (part.strip() for part in joined.partition("="))
        if not equals or not _NAME.match(name):
            yield BadLine(number, f"{rows[0].strip()[:80]!r} is not a setting", "write `parameter = value`")
        elif CONTROL.search(joined):
            yield BadLine(number, f"{name} holds a control character", "write it in plain text")
        else:
            yield Parameter(name, value, number, rows)


def logical_rows(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Numbers (from 1) and rows of logical lines; a row of white space before any other begins one too."""
    rows: list[str] = []
    start = 0
    for number, row in enumerate(text.split("\n"), start=1):
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        if row[0].isspace() and rows:
            rows.append(row)
            continue
        if rows:
            yield start, tuple(rows)
        rows, start = [row], number
    if rows:
        yield start, tuple(rows)


def orphan(text: str) -> Iterator[BadLine]:
    """The first line where white space before it makes it go on with a line that is not there."""
    for number, rows in islice(logical_rows(text), 1):
        if rows[0][0].isspace():
            message = f"{rows[0].strip()[:80]!r} goes on with a line that is not there"
            yield BadLine(number, message, "begin the first line without white space")


def last_value(text: str, name: str) -> str | None:
    """The last value that a main.cf gives to a parameter; None where it gives none."""
    found = [p.value for p in parameters(text) if isinstance(p, Parameter) and p.name == name]
    return found[-1] if found else None


def expanded_words(value: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a list, in lower case; `$name`, `${name}` and `$(name)` of known names are filled in."""
    text = _REFERENCE.sub(lambda match: known.get(match[1], match[0]), value)
    return tuple(word.lower() for word in re.split(r"[\s,]+", text) if word)


def merge_main(base: str, override: str) -> tuple[str, tuple[Origin, ...]]:
    """main.cf with the administrator's parameters appended, each of them once: the last one wins.

    Our own line of an overridden parameter goes, so that postconf finds no duplicate to warn about.
    """
    last = {p.name: p for p in parameters(override) if isinstance(p, Parameter)}
    if not last:
        return base, ()
    text = _without(base, frozenset(last)) + f"\n# From {MAIN}\n"
    line = text.count("\n") + 1
    origins: list[Origin] = []
    rows: list[str] = []
    for parameter in sorted(last.values(), key=lambda p: p.line):
        origins.append(Origin(line + len(rows), MAIN, parameter.line))
        # white space before a first row would make it go on with our last line
        rows += [parameter.rows[0].strip(), *(row.rstrip() for row in parameter.rows[1:])]
    return text + "".join(f"{row}\n" for row in rows), tuple(origins)


def _without(base: str, names: frozenset[str]) -> str:
    kept: list[str] = []
    dropping = False
    for row in base.splitlines(keepends=True):
        if row[0].isspace() and row.strip():
            keep = not dropping
        else:
            dropping = row.partition("=")[0].strip() in names
            keep = not dropping
        if keep:
            kept.append(row)
    return "".join(kept)
