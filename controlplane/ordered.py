"""Mappings whose order matters: one under construction, and the steps from one order to another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

V = TypeVar("V")
T = TypeVar("T")
R = TypeVar("R")

START = ""
"""The `after` that means: before everything else."""


class OrderedDraft(Generic[V]):
    """Keys in order, changed in place and read out once.

    A plain dict serves until the first `place`; from then on a doubly linked list holds the order, so
    that many insertions in the middle stay linear.
    """

    def __init__(self, items: Mapping[str, V]) -> None:
        self._source = items
        self._grew_only = True
        self._items: dict[str, V] = dict(items)
        self._next: dict[str, str] = {}
        self._previous: dict[str, str] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def put(self, key: str, value: V) -> None:
        """Replace the value of `key` in place, or append it at the end."""
        if key in self._items:
            self._grew_only = False
        elif self._next:
            self._link(key, after=self._previous[START])
        self._items[key] = value

    def remove(self, key: str) -> None:
        """Remove `key`; raises KeyError if it is missing."""
        del self._items[key]
        self._grew_only = False
        if self._next:
            self._unlink(key)

    def place(self, key: str, after: str) -> None:
        """Move `key` to right after `after` (START: first); raises KeyError if either is missing."""
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
        if self._next:
            return {key: self._items[key] for key in self._walk()}
        if self._grew_only:
            most = len(self._source)
            note_span(self._source, self._items, (most, most, len(self._items)))
        return self._items

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


def shared_start(one: list[V], other: list[V], most: int) -> int:
    """The length of the common beginning, at most `most`.

    The lists are compared in large pieces, which costs a nanosecond for each item that is the same object.
    """
    return _shared(most, lambda low, high: one[low:high] == other[low:high])


def shared_end(one: list[V], other: list[V], most: int) -> int:
    """The same of the common end."""
    ones, others = len(one), len(other)
    return _shared(
        most, lambda low, high: one[ones - high : ones - low] == other[others - high : others - low]
    )


def _shared(most: int, same: Callable[[int, int], bool]) -> int:
    """How many items from 0 on are the same, at most `most`."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


Span = tuple[int, int, int]
_Found = dict[tuple[object, int, int], tuple[object, object, Any]]
_compared: ContextVar[_Found | None] = ContextVar("compared", default=None)
"""By what was computed, and two objects' ids, which are theirs as long as they are kept here: the result."""


@contextmanager
def comparing_once() -> Iterator[None]:
    """Compare each pair of objects, which nobody may change meanwhile, once until the block ends."""
    if _compared.get() is not None:
        yield
        return
    token = _compared.set({})
    try:
        yield
    finally:
        _compared.reset(token)


def once(compute: Callable[[T, T], R], one: T, other: T) -> R:
    """`compute(one, other)`, computed once until the block of `comparing_once` ends."""
    compared = _compared.get()
    if compared is None:
        return compute(one, other)
    key = (compute, id(one), id(other))
    if key not in compared:
        compared[key] = one, other, compute(one, other)
    found: R = compared[key][2]
    return found


def differing_span(old: Mapping[str, V], new: Mapping[str, V]) -> Span:
    """How many entries two mappings begin with in common, and where in each their common end starts.

    Values are compared only where they are not the same object.
    """
    return (len(old), len(old), len(old)) if old is new else once(_compare, old, new)


def note_span(old: Mapping[str, V], new: Mapping[str, V], span: Span) -> None:
    """Say how two mappings differ, for whoever compares them until the block of `comparing_once` ends.

    Whoever made one from the other knows that without looking at each entry.
    """
    compared = _compared.get()
    if compared is not None:
        compared[_compare, id(old), id(new)] = old, new, span


def _compare(old: Mapping[str, V], new: Mapping[str, V]) -> Span:
    most = min(len(old), len(new))
    keys, values = (list(old), list(new)), (list(old.values()), list(new.values()))
    start = min(shared_start(*keys, most), shared_start(*values, most))
    end = min(shared_end(*keys, most - start), shared_end(*values, most - start))
    return start, len(old) - end, len(new) - end


def differing(old: Mapping[str, V], new: Mapping[str, V]) -> tuple[dict[str, V], dict[str, V]]:
    """The entries of two mappings without those that both begin and end with.

    Whatever is only in one of the two, or has another value there, is in these.
    """
    start, gone, come = differing_span(old, new)
    return _slice(old, start, gone), _slice(new, start, come)


def _slice(rows: Mapping[str, V], start: int, end: int) -> dict[str, V]:
    """The entries from one number to another, counted from the nearer end."""
    behind = len(rows) - end
    if start <= behind or not isinstance(rows, dict):
        return {key: rows[key] for key in islice(rows, start, end)}
    found = [(key, rows[key]) for key in islice(reversed(rows), behind, len(rows) - start)]
    return dict(reversed(found))


class Placement(NamedTuple):
    """A key to move, and where to: `after` as in the events (None: the end, START: the start)."""

    key: str
    after: str | None
    is_new: bool


def placements(old: Mapping[str, object], new: Mapping[str, object]) -> list[Placement]:
    """The steps that bring the keys of `old`, those of no use removed before, into the order of `new`.

    Keys that keep their order relative to each other stay, as many as possible. Every other key is put
    behind the one before it in `new`, from the front on: what stands before a key is final when its turn
    comes, so each step is right when it is taken and no later step undoes it.
    """
    start, gone, come = differing_span(old, new)
    after = list(_slice(new, start, come))
    kept = [key for key in _slice(old, start, gone) if key in new]
    wanted = [key for key in after if key in old]
    staying = None if kept == wanted else _longest_run(kept, wanted)
    if staying is None and len(wanted) == len(after):
        return []
    above = next(iter(_slice(new, start - 1, start)), START) if start else START
    return list(_steps(old, [above, *after], come == len(new), staying))


def _steps(
    old: Mapping[str, object], keys: list[str], at_end: bool, staying: set[str] | None
) -> Iterator[Placement]:
    """The steps for all of these keys but the first, behind which they are to stand.

    Before them and behind them nothing has to be done; `at_end` says that nothing is behind them.
    """
    tail = len(keys)
    while at_end and tail > 1 and keys[tail - 1] not in old:
        tail -= 1
    for at in range(1, len(keys)):
        key = keys[at]
        is_new = key not in old
        if is_new or (staying is not None and key not in staying):
            yield Placement(key, None if at_end and at >= tail else keys[at - 1], is_new)


def _longest_run(kept: list[str], wanted: list[str]) -> set[str]:
    """The longest sequence of keys in the same order in both lists (longest increasing subsequence)."""
    rank = {key: at for at, key in enumerate(kept)}
    tops: list[int] = []
    piles: list[str] = []
    previous: dict[str, str | None] = {}
    for key in wanted:
        pile = bisect_left(tops, rank[key])
        previous[key] = piles[pile - 1] if pile else None
        tops[pile : pile + 1] = [rank[key]]
        piles[pile : pile + 1] = [key]
    run: set[str] = set()
    link: str | None = piles[-1] if piles else None
    while link is not None:
        run.add(link)
        link = previous[link]
    return run
