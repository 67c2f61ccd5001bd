"""Every event there is survives being written down."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.events import EVENTS, Event
from controlplane.events.codec import decode, encode
from tests.property.strategies import events_of


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.kind)
@given(data=st.data())
def test_an_event_comes_back_from_json(kind: type[Event], data: st.DataObject) -> None:
    """A record that went through JSON text is the event that it was made of."""
    event = data.draw(events_of(kind))
    record, blobs = encode(event)
    assert decode(json.loads(json.dumps(record)), blobs.__getitem__) == event
    assert isinstance(event.subject, str)
    assert isinstance(event.detail, str)
