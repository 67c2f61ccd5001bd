"""The ordered draft, case by case; tests/property/test_ordered_model.py tries all the rest."""

from __future__ import annotations

import time

import pytest

from controlplane.ordered import START, OrderedDraft, comparing_once, differing_span


def test_order_is_kept_through_every_kind_of_change() -> None:
    """Replacing keeps the place, appending goes to the end, placing goes where it says."""
    draft = OrderedDraft({"a": 1, "b": 2})
    draft.put("a", 3)
    draft.put("c", 4)
    draft.place("c", START)
    draft.put("d", 5)
    draft.remove("b")
    draft.place("a", "d")
    assert list(draft.freeze().items()) == [("c", 4), ("d", 5), ("a", 3)]


@pytest.mark.parametrize(("key", "after"), [("x", "a"), ("a", "x"), ("a", "a")])
def test_unknown_neighbours_change_nothing(key: str, after: str) -> None:
    """A place that does not exist is an error that leaves the draft as it was."""
    draft = OrderedDraft({"a": 1, "b": 2})
    with pytest.raises(KeyError):
        draft.place(key, after)
    assert list(draft.freeze()) == ["a", "b"]


def test_the_source_is_copied() -> None:
    """A draft never writes into the mapping it starts from."""
    source = {"a": 1}
    OrderedDraft(source).put("b", 2)
    assert source == {"a": 1}


def test_many_insertions_in_the_middle_stay_linear() -> None:
    """Fifty thousand placements take about as many steps, not their square."""
    draft = OrderedDraft({str(n): n for n in range(50_000)})
    start = time.process_time()
    for n in range(50_000):
        draft.put(f"new{n}", n)
        draft.place(f"new{n}", str(n))
    assert len(draft.freeze()) == 100_000
    assert time.process_time() - start < 5


def test_a_pair_is_compared_once_within_a_block() -> None:
    """What was found of a pair is not looked for again until the outermost block ends."""
    looked: list[object] = []

    class Value:
        def __eq__(self, other: object) -> bool:
            looked.append(other)
            return isinstance(other, Value)

        __hash__ = None  # type: ignore[assignment]

    old, new = {"a": Value(), "b": Value()}, {"a": Value(), "b": Value(), "c": Value()}
    with comparing_once():
        first = differing_span(old, new)
        compared = len(looked)
        with comparing_once():
            assert differing_span(old, new) == first == (2, 2, 3)
        assert compared == len(looked) > 0
    assert differing_span(old, new) == first
    assert len(looked) > compared
