"""The one projection from events to state."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.errors import Corrupt
from controlplane.events import Event
from controlplane.model import Draft, State


def fold(state: State, events: Iterable[Event]) -> State:
    """The state after `events`, in order.

    `fold(s, a + b) == fold(fold(s, a), b)` holds for all s, a and b. A batch costs one copy of the state
    and one step per event. Raises Corrupt for an event that contradicts the state before it.
    """
    draft = Draft(state)
    for event in events:
        try:
            event.apply(draft)
        except KeyError as error:
            raise Corrupt(
                f"{event.kind} of {event.subject}: there is no {error.args[0]!r} to stand behind"
            ) from error
    return draft.freeze()
