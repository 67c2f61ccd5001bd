"""Where two versions of a file differ, without what they have in common around it."""

from __future__ import annotations

from typing import NamedTuple

from wire.common_ends import differing_lines


class Region(NamedTuple):
    """Whole lines of a file before and after a change, and the byte that follows them (none at the end)."""

    before: bytes
    after: bytes
    follows: bytes

    def narrowed(self) -> Region:
        """Without the lines at begin and end that are in both."""
        before, after, tail = differing_lines(self.before, self.after)
        at = len(self.after) - tail
        return Region(before, after, self.after[at : at + 1] or self.follows)


Regions = tuple[Region, ...]
"""All of a file where it changed, in order."""


def regions_of(old: bytes, new: bytes) -> Regions:
    """Where these contents differ, as one region."""
    return (Region(old, new, b"").narrowed(),)
