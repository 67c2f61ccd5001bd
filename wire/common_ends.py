"""What two long texts have in common at their beginnings and ends, at the speed of memcmp."""

from __future__ import annotations

from typing import AnyStr

_CHUNK = 1 << 16
"""Characters that are compared at once: small enough for a processor's cache."""


def shared_prefix(one: AnyStr, other: AnyStr) -> int:
    """The length of the common beginning, found at the speed of memcmp."""
    most = min(len(one), len(other))
    at = 0
    while at < most and one.startswith(other[at : at + _CHUNK], at):
        at += _CHUNK
    low, high = min(at, most), min(at + _CHUNK, most)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def shared_suffix(one: AnyStr, other: AnyStr, most: int) -> int:
    """The length of the common end, at most `most`."""
    ones, others = len(one), len(other)
    at = 0
    while at + _CHUNK <= most and one.endswith(other[others - at - _CHUNK : others - at], 0, ones - at):
        at += _CHUNK
    low, high = at, min(at + _CHUNK, most)
    while low < high:
        middle = (low + high + 1) // 2
        if one[ones - middle : ones - low] == other[others - middle : others - low]:
            low = middle
        else:
            high = middle - 1
    return low


def differing_lines(old: bytes, new: bytes) -> tuple[bytes, bytes, int]:
    """Both contents without the lines that they have in common at the beginning and at the end.

    The number is the length of that common end.
    """
    start = old.rfind(b"\n", 0, shared_prefix(old, new)) + 1
    tail = shared_suffix(old, new, min(len(old), len(new)) - start)
    behind = old.find(b"\n", len(old) - tail) + 1
    tail = len(old) - behind if behind else 0
    return old[start : len(old) - tail], new[start : len(new) - tail], tail
