"""Large files in parts, so that what stores, reads or writes a new version of one handles what differs.

On `rendered` such a file is a folder of its name with the parts `0000`, `0001` and so on; joined in this
order they are the file. Parts end at lines that their own content chooses, so that one line more or less
changes the part that it is in, and those around it stay.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from wire.blobs import blob_id
from wire.common_ends import shared_prefix, shared_suffix

PARTED = 1 << 20
"""Bytes from which on a rendered file is kept in parts; some 5,000 accounts."""
LEAST = 3 << 14
"""Bytes of the smallest part, the last one excepted."""
ONE_OF = 32
"""A part ends at one of so many lines."""


@dataclass(frozen=True, slots=True)
class Parted:
    """A content, where each of its parts ends, and their blob ids."""

    content: bytes = field(repr=False)
    ends: tuple[int, ...]
    ids: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The bytes of each part."""
        return tuple(end - start for start, end in spans(self.ends))

    def named(self) -> Iterator[tuple[str, str, int, int]]:
        """Name, blob id, begin and end of each part."""
        for number, (start, end) in enumerate(spans(self.ends)):
            yield part_name(number), self.ids[number], start, end


def parted(content: bytes, known: Parted | None = None) -> Parted:
    """A content in parts; `known` are those of an earlier version, and only save time."""
    if known is None:
        ends = cut(content)
        return Parted(content, ends, tuple(blob_id(content[start:end]) for start, end in spans(ends)))
    if known.content is content:
        return known
    head = shared_prefix(known.content, content)
    tail = shared_suffix(known.content, content, min(len(known.content), len(content)) - head)
    ends = recut(known.ends, content, head, tail)
    before = dict(zip(spans(known.ends), known.ids, strict=True))
    behind, shift = len(content) - tail, len(content) - len(known.content)
    ids = []
    for start, end in spans(ends):
        found = before.get((start, end)) if end <= head else None
        if start >= behind:
            found = before.get((start - shift, end - shift))
        ids.append(found or blob_id(content[start:end]))
    return Parted(content, ends, tuple(ids))


def cut(content: bytes, least: int = LEAST, one_of: int = ONE_OF) -> tuple[int, ...]:
    """Where the parts of a content end: a function of the content alone.

    A part ends behind the first line, of those that begin at least `least` bytes behind its begin, whose
    checksum is a multiple of `one_of`.
    """
    return _cut_on([], content, least, one_of)


def recut(
    ends: Sequence[int], content: bytes, head: int, tail: int, least: int = LEAST, one_of: int = ONE_OF
) -> tuple[int, ...]:
    """`cut`, from the ends of a content that has the first `head` and the last `tail` bytes in common."""
    inner = ends[:-1]  # where a content ends is no choice of a line
    shift, behind = len(content) - (ends[-1] if ends else 0), len(content) - tail
    later = frozenset(end + shift for end in inner if end + shift >= behind)
    return _cut_on(list(inner[: bisect_right(inner, head)]), content, least, one_of, later)


def _cut_on(
    ends: list[int], content: bytes, least: int, one_of: int, later: frozenset[int] = frozenset()
) -> tuple[int, ...]:
    """Go on behind known ends; from one of those `later` on, all of them are known."""
    size = len(content)
    at = ends[-1] if ends else 0
    while (at := _next_end(content, at + least, one_of)) < size:
        ends.append(at)
        if at in later:
            ends += sorted(end for end in later if end > at)
            break
    return (*ends, size) if (ends[-1] if ends else 0) < size else tuple(ends)


def _next_end(content: bytes, at: int, one_of: int) -> int:
    """Behind the first line, of those that begin from `at` on, that ends a part; else the content's end."""
    start = content.find(b"\n", at - 1) + 1 or len(content)
    while end := content.find(b"\n", start) + 1:
        if zlib.crc32(content[start:end]) % one_of == 0:
            return end
        start = end
    return len(content)


def spans(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Begin and end of each part."""
    return zip((0, *ends), ends, strict=False)


def part_name(number: int) -> str:
    """The name of a part, which are counted from 0, in the folder of its file."""
    return f"{number:04d}"


def in_sizes(content: bytes, sizes: Sequence[int]) -> Parted:
    """A content in parts of these sizes, which are those of all of it."""
    ends = tuple(accumulate(sizes))
    return Parted(content, ends, tuple(blob_id(content[start:end]) for start, end in spans(ends)))


def folder_id(ids: Sequence[str]) -> str:
    """The id of the folder that has these blobs as its parts: that of a tree, as git stores it."""
    rows = sorted((part_name(number).encode(), oid) for number, oid in enumerate(ids))
    tree = b"".join(b"100644 %b\0%b" % (name, bytes.fromhex(oid)) for name, oid in rows)
    return hashlib.sha1(b"tree %d\0%b" % (len(tree), tree), usedforsecurity=False).hexdigest()
