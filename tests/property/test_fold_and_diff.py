"""The laws that tie events, fold and diff together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controlplane.events import AccountMoved, RegexpMoved
from controlplane.fold import fold
from controlplane.intake.diff import diff
from controlplane.model import Desired, State
from controlplane.ordered import differing, placements
from tests.property.strategies import changed_states, desired_states


@given(desired_states, desired_states)
def test_diff_leads_from_any_state_to_any_other(old: Desired, new: Desired) -> None:
    """The events of a diff, folded on the old state, give the new one in its order."""
    assert fold(State(old), diff(old, new)).desired == new


@given(changed_states())
def test_diff_leads_to_a_state_that_is_much_the_same(pair: tuple[Desired, Desired]) -> None:
    """Moves, insertions, changes and removals mix without getting in each other's way."""
    old, new = pair
    assert fold(State(old), diff(old, new)).desired == new


@given(desired_states)
def test_diff_of_the_same_is_nothing(state: Desired) -> None:
    """A state differs from itself by no event."""
    assert diff(state, state) == ()


@given(changed_states(), st.data())
def test_fold_may_pause_anywhere(pair: tuple[Desired, Desired], data: st.DataObject) -> None:
    """Folding in two batches gives what one batch gives."""
    old, new = pair
    events = diff(old, new)
    cut = data.draw(st.integers(0, len(events)))
    assert fold(fold(State(old), events[:cut]), events[cut:]) == fold(State(old), events)


@given(changed_states())
def test_fold_leaves_the_state_before_alone(pair: tuple[Desired, Desired]) -> None:
    """A state is a value: what is folded on it makes another one."""
    old, new = pair
    before = Desired(**{name: dict(getattr(old, name)) for name in Desired.__dataclass_fields__})
    fold(State(old), diff(old, new))
    assert old == before


@given(changed_states())
def test_no_event_is_superfluous(pair: tuple[Desired, Desired]) -> None:
    """Each subject is named once per kind, and what is new is never moved as well."""
    events = diff(*pair)
    told = [(event.kind, event.subject) for event in events]
    assert len(told) == len(set(told))
    moved = {event.subject for event in events if isinstance(event, AccountMoved | RegexpMoved)}
    assert moved <= pair[0].accounts.keys() | pair[0].regexps.keys()


@given(st.permutations(range(8)))
def test_as_few_keys_move_as_possible(order: list[int]) -> None:
    """What stays in place is the longest run in order, found here by trying all subsets."""
    old = {str(n): n for n in range(8)}
    new = {str(n): n for n in order}
    runs = [0]
    for subset in range(1 << 8):
        chosen = [n for n in order if subset >> n & 1]
        if chosen == sorted(chosen):
            runs.append(len(chosen))
    assert len(placements(old, new)) == 8 - max(runs)


def test_one_account_moved_to_the_front_is_one_event() -> None:
    """A move of one line does not become moves of all the others."""
    old = {str(n): n for n in range(100)}
    new = {"99": 99, **old}
    assert [(step.key, step.after) for step in placements(old, new)] == [("99", "")]


def test_new_keys_at_the_end_name_no_neighbour() -> None:
    """The usual case, one more line at the end, is one plain event."""
    steps = placements({"a": 1}, {"a": 1, "b": 2, "c": 3})
    assert [(step.key, step.after) for step in steps] == [("b", None), ("c", None)]


def test_a_new_key_in_the_middle_names_the_one_before() -> None:
    """The place in the file is part of the event."""
    steps = placements({"a": 1, "c": 3}, {"a": 1, "b": 2, "c": 3})
    assert [(step.key, step.after) for step in steps] == [("b", "a")]


@given(changed_states())
def test_counts_are_carried_on(pair: tuple[Desired, Desired]) -> None:
    """What a fold brings on from the state before is what would be counted and found anew."""
    old, new = pair
    assert (old.domains, old.alias_domains, old.attributed, old.oddly_named) is not None
    after = fold(State(old), diff(old, new)).desired
    assert (after.account_counts, after.alias_counts) == (new.account_counts, new.alias_counts)
    assert (after.domains, after.alias_domains) == (new.domains, new.alias_domains)
    assert (after.attributed, after.oddly_named) == (new.attributed, new.oddly_named)


@given(changed_states())
def test_what_no_event_touches_is_the_same_object(pair: tuple[Desired, Desired]) -> None:
    """So that nobody has to compare it."""
    before = State(pair[0])
    events = [event for event in diff(*pair) if event.kind.startswith("alias.")]
    after = fold(before, events)
    assert after.desired.accounts is before.desired.accounts
    assert after.observed is before.observed
    assert (after.desired is before.desired) == (not events)


_tables = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2))


@given(_tables, _tables)
def test_differing_holds_all_that_differs(old: dict[str, int], new: dict[str, int]) -> None:
    """Of both mappings, in their order; the rest is common to both."""
    gone, come = differing(old, new)
    assert list(gone.items()) == [item for item in old.items() if item[0] in gone]
    assert list(come.items()) == [item for item in new.items() if item[0] in come]
    assert {k: v for k, v in old.items() if k not in gone} == {k: v for k, v in new.items() if k not in come}
    if list(old.items()) == list(new.items()):
        assert (gone, come) == ({}, {})


def test_a_changed_value_is_all_that_differs() -> None:
    """Although all keys are the same."""
    old = dict.fromkeys("abcdefgh", 0)
    assert differing(old, {**old, "c": 1, "d": 2}) == ({"c": 0, "d": 0}, {"c": 1, "d": 2})
    assert differing(old, {**old, "i": 1}) == ({}, {"i": 1})
    assert differing(old, {"z": 1, **old}) == ({}, {"z": 1})
