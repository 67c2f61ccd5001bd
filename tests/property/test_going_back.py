"""Random histories: any position can be gone back to, any change set can be taken back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controlplane.events import Event
from controlplane.fold import fold
from controlplane.intake.diff import diff
from controlplane.intake.edits import state_merge
from controlplane.model import Desired, State
from controlplane.statefiles.tree import read_tree
from tests.property.strategies import desired_states
from tests.property.test_compose_in_place import fit, pairs, written

histories = st.lists(desired_states.map(fit), min_size=2, max_size=5)


@given(histories, st.data())
def test_the_fold_at_any_position_can_be_written_into_the_text_of_now(
    history: list[Desired], data: st.DataObject
) -> None:
    """The events up to there, folded and written over today's files, mean just that."""
    states, files = [State()], {}
    for wanted in history:
        events = diff(states[-1].desired, wanted)
        states.append(fold(states[-1], events))
        files = written(files, wanted)
    then = data.draw(st.sampled_from(states)).desired
    assert read_tree(written(files, then)) == (then, ())


def unordered(desired: Desired) -> dict[str, Any]:
    """The parts of a state, without the order of their rows."""
    return {part.name: dict(getattr(desired, part.name)) for part in fields(Desired)}


def subjects(events: tuple[Event, ...]) -> set[str]:
    """What events are about."""
    return {event.subject for event in events}


@given(pairs)
def test_a_change_set_taken_back_at_once_leaves_what_was(pair: tuple[Desired, Desired]) -> None:
    """Whatever it did, order included."""
    before, after = pair
    undone, clashes = state_merge.undo(before, after, after)
    assert not clashes
    assert undone == before


@given(pairs)
def test_once_more_is_no_change(pair: tuple[Desired, Desired]) -> None:
    """What is back already stays."""
    before, after = pair
    undone, clashes = state_merge.undo(before, after, before)
    assert not clashes
    assert undone == before


@given(pairs, pairs)
def test_what_came_later_stays(pair: tuple[Desired, Desired], other: tuple[Desired, Desired]) -> None:
    """A change set of which nothing was touched since is taken back as if it never had been."""
    before, after = pair
    later = [
        event for event in diff(after, other[1])
        if event.subject not in subjects(diff(before, after)) | before.accounts.keys() | after.accounts.keys()
        and not getattr(event, "after", None) and not event.kind.endswith(".moved")
    ]  # fmt: skip
    now = fold(State(after), later).desired
    undone, clashes = state_merge.undo(before, after, now)
    assert not clashes
    assert unordered(undone) == unordered(fold(State(before), later).desired)
    assert [a for a in undone.accounts if a in before.accounts] == list(before.accounts)
    assert read_tree(written(written({}, now), undone)) == (undone, ())


@given(pairs, desired_states)
def test_nothing_is_lost_without_a_word(pair: tuple[Desired, Desired], now: Desired) -> None:
    """Against any current state: what the change set did not touch stays, whatever conflicts is reported."""
    before, after = pair
    undone, clashes = state_merge.undo(before, after, now)
    told = {(clash.part, clash.name) for clash in clashes}
    for part in fields(Desired):
        was, became, have, got = (getattr(each, part.name) for each in (before, after, now, undone))
        for name in {**have, **got, **was, **became}:
            if was.get(name) == became.get(name) or (part.name, name) in told:
                assert got.get(name) == have.get(name)
