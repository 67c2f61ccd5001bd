"""The explicit tables are complete."""

from __future__ import annotations

import inspect

import pytest

from controlplane.cli.lazy import LazyGroup, load
from controlplane.cli.mailctl import COMMANDS as MAILCTL
from controlplane.cli.setup import COMMANDS as SETUP
from controlplane.events import EVENTS, Event
from renderers import SERVICES
from tests.architecture.sources import ROOT, modules


def subclasses(cls: type[Event]) -> set[type[Event]]:
    """All public classes below one."""
    below = {c for direct in cls.__subclasses__() for c in (direct, *subclasses(direct))}
    return {c for c in below if not c.__name__.startswith("_")}


def test_every_event_is_in_the_table() -> None:
    """A class that is an event is in EVENTS, once, under a name of its own."""
    assert subclasses(Event) == set(EVENTS)
    kinds = [(event.kind, event.version) for event in EVENTS]
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.kind)
def test_every_event_folds_and_is_explained(event: type[Event]) -> None:
    """An event says how it folds, what it is about, and is documented."""
    assert event.apply is not Event.apply
    assert event.subject is not Event.subject
    assert inspect.getdoc(event)
    assert event.__doc__
    assert event.kind.count(".") == 1


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_every_service_is_complete(service: object) -> None:
    """A service has its folder, and says when it runs and how it is probed."""
    name = getattr(service, "name")  # noqa: B009  # a Protocol's attribute, held by this very test
    folder = ROOT / "renderers" / name
    assert (folder / "service.py").is_file()
    for method in ("programs", "render", "probes"):
        assert callable(getattr(service, method))


def test_every_folder_of_renderers_is_a_service() -> None:
    """No service is forgotten in the table."""
    folders = {p.parent.name for p in (ROOT / "renderers").glob("*/service.py")}
    assert folders == {service.name for service in SERVICES}


def tables(table: dict[str, str]) -> list[dict[str, str]]:
    """A table of commands and those of the groups in it."""
    below = [load(entry) for entry in table.values()]
    return [table, *(t for group in below if isinstance(group, LazyGroup) for t in tables(dict(group.table)))]


ALL_TABLES = [*tables(MAILCTL), *tables(SETUP)]


@pytest.mark.parametrize("table", ALL_TABLES)
def test_every_command_module_has_a_command(table: dict[str, str]) -> None:
    """The table's names are the commands' own."""
    for name, entry in table.items():
        assert load(entry).name == name


def test_every_command_module_is_in_a_table() -> None:
    """No module with a command is forgotten."""
    listed = {m for table in ALL_TABLES for m in table.values() if ":" not in m}
    found = {
        name
        for name, path in modules().items()
        if name.startswith(("controlplane.cli.setup.", "controlplane.cli.mailctl."))
        and ("\ncommand = " in path.read_text() or "\ndef command(" in path.read_text())
    }
    assert found == listed
