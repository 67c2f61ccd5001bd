"""An OrderedDraft behaves as a plain list of keys would."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from controlplane.ordered import START, OrderedDraft, comparing_once, differing_span

_keys = st.sampled_from("abcdefgh")


class OrderedMachine(RuleBasedStateMachine):
    """Does each step twice: on the draft, and on a list of keys with their values beside it."""

    @initialize(keys=st.lists(_keys, unique=True))
    def start(self, keys: list[str]) -> None:
        self.order = keys
        self.values = dict.fromkeys(keys, 0)
        self.source = dict(self.values)
        self.draft = OrderedDraft(self.source)

    @rule(key=_keys, value=st.integers())
    def put(self, key: str, value: int) -> None:
        if key not in self.values:
            self.order.append(key)
        self.values[key] = value
        self.draft.put(key, value)

    @rule(key=_keys)
    def remove(self, key: str) -> None:
        if key not in self.values:
            with pytest.raises(KeyError):
                self.draft.remove(key)
            return
        self.order.remove(key)
        del self.values[key]
        self.draft.remove(key)

    @precondition(lambda self: self.order)
    @rule(data=st.data())
    def place(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.order))
        after = data.draw(st.sampled_from([START, *self.order]).filter(lambda other: other != key))
        self.order.remove(key)
        self.order.insert(self.order.index(after) + 1 if after else 0, key)
        self.draft.place(key, after)

    def teardown(self) -> None:
        if hasattr(self, "draft"):
            with comparing_once():
                frozen = self.draft.freeze()
                start, gone, come = differing_span(self.source, frozen)
            assert list(frozen.items()) == [(key, self.values[key]) for key in self.order]
            before, after = list(self.source.items()), list(frozen.items())
            assert before[:start] == after[:start]  # what the draft says of itself is true
            assert before[gone:] == after[come:]


TestOrderedDraft = OrderedMachine.TestCase
