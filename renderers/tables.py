"""Patches rendered tables: rows are put in, replaced and taken out where they stand.

A table is copied as a whole, at the speed of memory; Python looks only at the rows that change.
"""

from __future__ import annotations

from collections.abc import Mapping

from renderers.text import lines

MOST = 200
"""Rows that are patched one by one; for more, all rows are rendered again."""


def patch_sorted(content: bytes, rows: Mapping[str, str | None]) -> bytes | None:
    """A table in the order of its keys, `key<TAB>value` each, with these rows (None: without them).

    None where there are too many to be patched.
    """
    if len(rows) > MOST:
        return None
    pieces, done = [], 0
    for key, row in sorted(rows.items()):
        mark = key.encode() + b"\t"
        start = _place(content, mark)
        end = content.index(b"\n", start) + 1 if content.startswith(mark, start) else start
        pieces += [content[done:start], lines([row]) if row is not None else b""]
        done = end
    return b"".join([*pieces, content[done:]])


def _place(content: bytes, mark: bytes) -> int:
    """Where the row that begins with `mark` starts, or would. A tab sorts before whatever a key has."""
    low, high = 0, len(content)
    while low < high:
        start = content.rfind(b"\n", low, (low + high) // 2) + 1 or low
        if content[start : start + len(mark)] < mark:
            low = content.index(b"\n", start) + 1
        else:
            high = start
    return low


def find_row(content: bytes, mark: bytes) -> int:
    """Where the row that begins with `mark` starts, in a table without order; -1 for none."""
    if content.startswith(mark):
        return 0
    found = content.find(b"\n" + mark)
    return found + 1 if found >= 0 else -1
