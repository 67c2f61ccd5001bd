"""Puts a new version of a large file together from the live one and the parts that differ.

What stays is copied by the kernel from file to file: nobody reads it, and nobody but the disk has it twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from agent.errors import Unavailable
from agent.files.copying import copy_range, write_all
from agent.files.managed import Stamp, stamp_of
from agent.files.regions import Region, Regions
from wire.manifest import Entry, FilePart

MOST_NEW = 2
"""One of so many bytes that are new: from there on the file is written as a whole."""

ReadPart = Callable[[FilePart], bytes]
"""The content of a part, verified by size and id. Raises AgentError."""


@dataclass(frozen=True, slots=True)
class Run:
    """Parts that follow each other: `old` from one number to another in the live file, `new` in the next."""

    old: tuple[int, int]
    new: tuple[int, int]


def differing_runs(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Run]:
    """Where two sequences of parts differ. In between both have the same."""
    where = {part: number for number, part in enumerate(old)}
    i = j = 0
    for number, part in enumerate(new):
        at = where.get(part, -1)
        if at >= i:
            if at > i or number > j:
                yield Run((i, at), (j, number))
            i, j = at + 1, number + 1
    if i < len(old) or j < len(new):
        yield Run((i, len(old)), (j, len(new)))


class Assembly:
    """How to write the next version of a file whose live one is known to be `base`.

    `stamp` is that of the live file; it holds exactly what `base` says as long as it has this stamp.
    """

    def __init__(self, live: Path, stamp: Stamp, base: Entry, entry: Entry, read: ReadPart) -> None:
        self._live, self._stamp, self._read = live, stamp, read
        self._old, self._new = base.parts, entry.parts
        self._at = [0, *accumulate(part.size for part in base.parts)]
        self._known = dict(zip(base.parts, self._at, strict=False))
        self._runs = list(differing_runs(base.parts, entry.parts))
        self.regions: Regions = ()

    @property
    def is_worth_it(self) -> bool:
        """Whether most of the file stays."""
        new = sum(part.size for part in self._new if part not in self._known)
        return new * MOST_NEW < sum(part.size for part in self._new)

    def write(self, target: int) -> None:
        """Write the file to an open one; `regions` says then what differs.

        Raises Unavailable where the live file is not what it was, OSError, and what reading a part does.
        """
        regions: list[Region] = []
        done = 0
        with self._live.open("rb") as live:
            source = live.fileno()
            for run in self._runs:
                first, last = run.old
                copy_range(source, target, self._at[done], self._at[first])
                after = b"".join(self._content(source, part) for part in self._new[slice(*run.new)])
                write_all(target, after)
                before = os.pread(source, self._at[last] - self._at[first], self._at[first])
                regions.append(Region(before, after, os.pread(source, 1, self._at[last])))
                done = last
            copy_range(source, target, self._at[done], self._at[-1])
            if stamp_of(os.fstat(source)) != self._stamp:
                raise Unavailable(f"{self._live} changes while it is read")
        self.regions = tuple(regions)

    def _content(self, live: int, part: FilePart) -> bytes:
        at = self._known.get(part)
        return self._read(part) if at is None else os.pread(live, part.size, at)
