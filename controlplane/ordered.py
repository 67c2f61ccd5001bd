"""A mapping under construction whose order matters: every step costs the same at any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")

START = ""
"""The `after` that means: before everything else."""


class OrderedDraft(Generic[V]):
    """Keys in an order, changed in place, read out once.

    A plain dict serves until the first `place`; from then on a doubly linked list holds the order, so
    that many insertions in the middle stay linear.
    """

    def __init__(self, items: Mapping[str, V]) -> None:
        self._items: dict[str, V] = dict(items)
        self._next: dict[str, str] = {}
        self._previous: dict[str, str] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def put(self, key: str, value: V) -> None:
        """Replace the value of `key` where it stands, or append it at the end."""
        if self._next and key not in self._items:
            self._link(key, after=self._previous[START])
        self._items[key] = value

    def remove(self, key: str) -> None:
        """Take `key` out; raises KeyError where it is not."""
        del self._items[key]
        if self._next:
            self._unlink(key)

    def place(self, key: str, after: str) -> None:
        """Move `key` to stand right behind `after` (START: first); raises KeyError where one is not there."""
        if key not in self._items:
            raise KeyError(key)
        if after == key or (after != START and after not in self._items):
            raise KeyError(after)
        if not self._next:
            self._build_links()
        self._unlink(key)
        self._link(key, after)

    def freeze(self) -> dict[str, V]:
        """The finished mapping, in order."""
        if not self._next:
            return self._items
        return {key: self._items[key] for key in self._walk()}

    def _build_links(self) -> None:
        ring = [START, *self._items]
        self._next = dict(zip(ring, [*ring[1:], START], strict=True))
        self._previous = {after: key for key, after in self._next.items()}

    def _link(self, key: str, after: str) -> None:
        behind = self._next[after]
        self._next[after], self._next[key] = key, behind
        self._previous[behind], self._previous[key] = key, after

    def _unlink(self, key: str) -> None:
        before, behind = self._previous.pop(key), self._next.pop(key)
        self._next[before], self._previous[behind] = behind, before

    def _walk(self) -> Iterator[str]:
        key = self._next[START]
        while key != START:
            yield key
            key = self._next[key]
