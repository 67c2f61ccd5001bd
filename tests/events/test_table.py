"""The closed table of events is whole."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import get_args

import pytest

import controlplane.events
from controlplane.events import EVENTS, Event
from controlplane.events.base import Effect
from controlplane.events.codec import UPCASTS
from tests.property.strategies import events_of


def _classes(parent: type[Event]) -> set[type[Event]]:
    """Every class below `parent` in the package; a leading underscore marks the shared parents."""
    below = {each for child in parent.__subclasses__() for each in (child, *_classes(child))}
    return {each for each in below if not each.__name__.startswith("_")}


def test_every_event_is_in_the_table() -> None:
    """An event class that was forgotten in EVENTS could be written and never read."""
    for module in pkgutil.iter_modules(controlplane.events.__path__):
        importlib.import_module(f"controlplane.events.{module.name}")
    ours = {each for each in _classes(Event) if each.__module__.startswith("controlplane.")}
    assert ours == set(EVENTS)


def test_kinds_are_unique() -> None:
    """A kind names one class."""
    assert len({event.kind for event in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_is_complete(event: type[Event]) -> None:
    """Kind, effect, documentation, fold, steps from older versions, a strategy for the property tests."""
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", event.kind)
    assert event.effect in get_args(Effect)
    assert event.__doc__
    assert event.apply is not Event.apply
    assert event.subject is not Event.subject
    assert not {"kind", "v"} & event.model_fields.keys()
    assert all((event.kind, version) in UPCASTS for version in range(1, event.version))
    assert events_of(event) is not None
    assert event.__name__ in controlplane.events.__all__


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_cannot_be_changed(event: type[Event]) -> None:
    """What happened has happened."""
    assert event.model_config["frozen"]
    assert event.model_config["strict"]
    assert event.model_config["extra"] == "forbid"
