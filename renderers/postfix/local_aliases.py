"""postfix-aliases.cf: who gets mail for local names (aliases(5)), besides the names that must exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from renderers.postfix.overrides import CONTROL, BadLine, logical_rows
from renderers.text import lines

PATH = "config/postfix-aliases.cf"
_ENTRY = re.compile(r'(?P<name>"[^"]+"|[^\s:"#]+)\s*:\s*(?P<targets>\S.*)', re.DOTALL)
_TO_ROOT = ("abuse", "hostmaster", "nobody", "webmaster")
"""Local names that somebody must read (RFC 2142)."""


class Entry(NamedTuple):
    """One name in lower case and its targets, as they were written."""

    name: str
    targets: str


def entries(text: str) -> Iterator[Entry | BadLine]:
    """The entries of a file of aliases, in order."""
    for number, rows in logical_rows(text):
        joined = " ".join(row.strip() for row in rows)
        match = _ENTRY.fullmatch(joined)
        if CONTROL.search(joined):
            yield BadLine(
                number, f"{rows[0].strip()[:80]!r} holds a control character", "write the line anew"
            )
        elif match is None or rows[0][0].isspace():
            yield BadLine(number, f"{rows[0].strip()[:80]!r} is not an alias", "write `name: target`")
        else:
            yield Entry(match["name"].lower(), match["targets"].rstrip())


def merged(postmaster: str, text: str) -> dict[str, str]:
    """Our names and the administrator's; theirs win, and of one name the last entry wins."""
    ours = {"mailer-daemon": "postmaster", "postmaster": "root", "root": postmaster}
    ours |= dict.fromkeys(_TO_ROOT, "root")
    return ours | {entry.name: entry.targets for entry in entries(text) if isinstance(entry, Entry)}


def table(names: dict[str, str]) -> bytes:
    """/etc/postfix/aliases: a map like the others, seen by Postfix without a reload."""
    return lines(f"{name}\t{targets}" for name, targets in names.items())


def file(names: dict[str, str]) -> bytes:
    """/etc/aliases: the same in the format of aliases(5), for programs that look there."""
    return lines(f"{name}: {targets}" for name, targets in names.items())
