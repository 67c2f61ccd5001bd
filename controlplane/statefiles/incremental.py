"""Parses a changed file at the cost of the change.

An entry stands for itself, whatever stands above and below it. So where a text begins and ends as the
text before did, only what is between is parsed, in both, from one start of an entry to another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TypeVar

from controlplane.ordered import note_span, once
from controlplane.statefiles.parsed import Parsed
from wire.common_ends import shared_prefix, shared_suffix

Row = TypeVar("Row")
ASCII_END = 0x80
NO_ENTRY = b"# \t\n\v\f\r\x1c\x1d\x1e\x1f"
"""What no entry starts with: a comment's mark and white space (str.isspace)."""

Parse = Callable[[str, str], Parsed[Row]]


def reparse(parse: Parse[Row], after: bytes, path: str, before: bytes, known: Parsed[Row]) -> Parsed[Row]:
    """The result of `parse(after.decode(), path)`, computed from its result for `before`, which was UTF-8.

    Raises UnicodeDecodeError.
    """
    if known.problems:
        return parse(after.decode(), path)
    shared, tail = common_ends(before, after)
    start = _entry_above(before, before.rfind(b"\n", 0, shared) + 1)
    end = _entry_below(before, tail)
    try:
        changed = after[start : len(after) - end].decode()
    except UnicodeDecodeError:
        return parse(after.decode(), path)  # raises with the place in the whole file
    gone, come = parse(before[start : len(before) - end].decode(), path), parse(changed, path)
    if come.problems or any(key in known.rows and key not in gone.rows for key in come.rows):
        return parse(after.decode(), path)
    if list(gone.rows) == list(come.rows):
        return Parsed({**known.rows, **come.rows})
    return Parsed(_spliced(known.rows, gone.rows, come.rows))


def _spliced(rows: Mapping[str, Row], gone: Mapping[str, Row], come: Mapping[str, Row]) -> dict[str, Row]:
    """The rows with those of `gone`, a run of them, replaced by those of `come`."""
    if _ends_with(rows, gone):  # as when a line was added
        head = len(rows) - len(gone)
        spliced = dict(rows)
        if list(gone) != list(islice(come, len(gone))):  # a dictionary with a gap is slow to copy
            for key in gone:
                del spliced[key]
        spliced.update(come)
    else:
        first = next(iter(gone), None)
        head = list(rows).index(first) if first is not None and first in rows else 0
        items = rows.items()
        spliced = {**dict(islice(items, head)), **come, **dict(islice(items, head + len(gone), None))}
    note_span(rows, spliced, (head, head + len(gone), head + len(come)))
    return spliced


def _ends_with(rows: Mapping[str, Row], gone: Mapping[str, Row]) -> bool:
    if not gone or not isinstance(rows, dict):
        return not rows
    return [*islice(reversed(rows), len(gone))] == list(gone)[::-1]


def _starts_entry(text: bytes, at: int) -> bool:
    """What is not ASCII may be white space."""
    return at < len(text) and text[at] < ASCII_END and text[at] not in NO_ENTRY


def _entry_above(text: bytes, end: int) -> int:
    """Where the last entry of text[:end] starts, `end` being the start of a line; 0 for none."""
    while end > 0:
        end = text.rfind(b"\n", 0, end - 1) + 1
        if _starts_entry(text, end):
            break
    return end


def _entry_below(text: bytes, length: int) -> int:
    """The length of the end of the text that starts with an entry, `length` at most."""
    at = len(text) - length
    while (line_end := text.find(b"\n", at)) >= 0:
        at = line_end + 1
        if _starts_entry(text, at):
            return len(text) - at
    return 0


def common_ends(before: bytes, after: bytes) -> tuple[int, int]:
    """The lengths of what both texts begin with and, apart from that, end with."""
    return once(_common_ends, before, after)


def _common_ends(before: bytes, after: bytes) -> tuple[int, int]:
    shared = shared_prefix(before, after)
    return shared, shared_suffix(before, after, min(len(before), len(after)) - shared)


def changed_lines(before: bytes, after: bytes) -> tuple[int, int]:
    """The span of the whole lines of `after` outside what both texts begin and end with."""
    shared, tail = common_ends(before, after)
    end = after.find(b"\n", len(after) - tail)
    return after.rfind(b"\n", 0, shared) + 1, len(after) if end < 0 else end + 1
