"""Lines of translated files that Dovecot 2.4 refuses where they stand, although it has each of them.

`auth_allow_cleartext = yes` is one where TLS is required: 2.3 took it. Whoever mounted the file cannot be
asked, and without it out of the way there would be no mail at all.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agent.commands import Ran, run
from services.dovecot.complaints import AT_LINE, NAMED

DEADLINE = 10.0
MOST = 20
"""Lines that are left out; a file with more is no configuration for this server."""
MARK = "# Left out, as Dovecot 2.4 refuses it: "
WHOLE = ("passdb", "userdb", "namespace")
"""Blocks that would mean something else without one of their lines."""
OPENS, CLOSES = re.compile(r"\s*([\w-]+)[^#]*\{\s*(?:#.*)?$"), re.compile(r"\s*\}")

Rows = Mapping[str, Sequence[str]]
"""The lines of each text by its name."""
Ask = Callable[[Path], Ran]


class Refused(NamedTuple):
    """A line that was left out."""

    name: str
    row: int
    """From 0."""
    reason: str


def doveconf(config: Path) -> Ran:
    """What doveconf says of a configuration."""
    return run(("doveconf", "-n", "-c", str(config)), DEADLINE)


def without_refused(
    dovecot: Path, served: str, lay: Callable[[Path, Rows], object], texts: Rows, ask: Ask = doveconf
) -> tuple[Rows, list[Refused]]:
    """The texts without what is refused, tried in a copy of the folder `dovecot`.

    `lay` writes the texts to the folder named `served` of the copy, with what else belongs there.
    """
    left: list[Refused] = []
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for each in dovecot.iterdir():
            if each.name == "dovecot.conf":
                (copy / each.name).write_bytes(each.read_bytes())
            elif each.name != served:
                (copy / each.name).symlink_to(each)
        tried = texts
        for _ in range(MOST):
            lay(copy / served, tried)
            ran = ask(copy / "dovecot.conf")
            found = refused(ran.output, copy / served, tried) if ran.code else None
            if ran.code and found is None:
                break  # no line of theirs: whoever starts Dovecot is told
            if found is None:
                return tried, left
            rows = [
                MARK + row.strip() if number in set(extent(tried[found.name], found.row)) else row
                for number, row in enumerate(tried[found.name])
            ]
            tried, left = {**tried, found.name: rows}, [*left, found]
    return texts, []


def refused(output: str, folder: Path, texts: Rows) -> Refused | None:
    """The line that a complaint is about; None where it is none of these texts'."""
    if match := AT_LINE.search(output):
        name, row = Path(match[1]).name, int(match[2]) - 1
        if Path(match[1]).parent != folder or not 0 <= row < len(texts.get(name, ())):
            return None
        return Refused(name, row, match[3]) if any(extent(texts[name], row)) else None
    if match := NAMED.search(output):
        sets = re.compile(rf"\s*{re.escape(match[1])}\s*=")
        for name in sorted(texts, reverse=True):
            rows = [number for number, row in enumerate(texts[name]) if sets.match(row)]
            if rows:
                return Refused(name, rows[-1], match[1] + match[2])
    return None


def extent(rows: Sequence[str], row: int) -> Iterator[int]:
    """The lines that go with a refused one: itself, its block, or the block around it that needs it."""
    if rows[row].lstrip()[:1] in ("", "#", "}"):
        return
    around: list[int] = []
    for number, text in enumerate(rows[: row + 1]):
        if OPENS.match(text):
            around.append(number)
        elif CLOSES.match(text) and around:
            around.pop()
    blocks = [number for number in around if number == row or _kind(rows[number]) in WHOLE]
    first, depth = (blocks or [row])[0], 0
    for number in range(first, len(rows)):
        depth += bool(OPENS.match(rows[number])) - bool(CLOSES.match(rows[number]))
        yield number
        if depth <= 0:
            return


def _kind(row: str) -> str:
    found = OPENS.match(row)
    return found[1] if found else ""
