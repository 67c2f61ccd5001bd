"""Edits in several strokes: what takes entries away waits until nobody has touched the file for a moment.

A script that empties a file and writes it line by line, or moves it aside first, would otherwise remove
accounts that come back a second later.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Container
from typing import NamedTuple

from wire.common_ends import differing_lines

QUIET = 2.0
"""Seconds for which a file that lost entries must stay as it is."""
LONGEST = 30.0
"""Seconds after which it counts although somebody still writes to it."""
_NAME = re.compile(rb"[^\s|:=]+")


class _Pending(NamedTuple):
    content: str
    since: float
    """When the file was first seen with this content."""
    first: float
    """When it first differed."""

    @property
    def over(self) -> float:
        return min(self.since + QUIET, self.first + LONGEST)


class Strokes:
    """The edits that wait, by path. `clock` is monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: dict[str, _Pending] = {}

    @property
    def until(self) -> float:
        """When the first of them may be over, by the clock; infinite for none."""
        return min((pending.over for pending in list(self._pending.values())), default=math.inf)

    def waits(self, path: str) -> bool:
        """Whether an edit of this file has begun and is not over."""
        return path in self._pending

    def is_over(self, path: str, content: str) -> bool:
        """Whether an edit is done, by the id of what the file holds now; it waits where it is not."""
        now, known = self._clock(), self._pending.get(path)
        if known is None or known.content != content:
            known = _Pending(content, now, known.first if known else now)
            self._pending[path] = known
        return now >= known.over

    def keep(self, paths: Container[str]) -> None:
        """Forget all but these: their edits are done, or were taken back."""
        self._pending = {path: pending for path, pending in self._pending.items() if path in paths}


def takes_away(old: bytes, new: bytes) -> bool:
    """Whether entries of the old text are missing in the new one, whatever became of the others.

    An entry goes by the first word of its line: an address, the name of a parameter.
    """
    removed, added, _ = differing_lines(old, new)
    return not _names(removed) <= _names(added)


def _names(lines: bytes) -> set[bytes]:
    found = (_NAME.match(line.strip()) for line in lines.splitlines() if not line.lstrip().startswith(b"#"))
    return {match[0] for match in found if match}
