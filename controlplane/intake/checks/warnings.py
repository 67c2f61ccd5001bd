"""Warnings about changes that are accepted all the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controlplane.events import Event, QuotaSet, RelayRouteSet, SettingChanged
from controlplane.intake.checks.setting_notes import notes
from controlplane.intake.plan import Notice
from controlplane.model import Pin, State
from controlplane.settings import catalog
from controlplane.settings.constraints import without_effect


def warnings(state: State, events: Iterable[Event]) -> tuple[Notice, ...]:
    """The warnings about a change that leads to `state`; at most one per event, with all there is to say."""
    found = []
    for event in events:
        told = _of_setting(state, event) if isinstance(event, SettingChanged) else ()
        message = "; ".join(told) or _without_what_it_needs(state, event)
        if message:
            found.append(Notice(event.subject, message))
    return tuple(found)


def _without_what_it_needs(state: State, event: Event) -> str:
    """The reason why an event has no effect; empty if it has one."""
    if isinstance(event, QuotaSet) and not state.settings.enable_quotas:
        return "no effect while ENABLE_QUOTAS is 0"
    if isinstance(event, RelayRouteSet) and not event.host and not state.settings.relay_host:
        return "no effect without RELAY_HOST, which it is an exception from"
    return ""


def covered(state: State, changed: Iterable[str]) -> tuple[Notice, ...]:
    """Rendered files that change while something is mounted over them."""
    overmounted = state.status.overmounted
    message = "something is mounted over it in the container: the change has no effect"
    return tuple(Notice(f"/{path}", message) for path in changed if path in overmounted)


def unsupported(state: State) -> list[str]:
    """Names of settings that are set but have no effect yet."""
    given: dict[str, str | Pin] = {**state.desired.settings, **state.observed.pins}
    return sorted(name for name, value in given.items() if _without_effect(name, value))


def _without_effect(name: str, value: str | Pin | None) -> bool:
    spec = catalog.SETTINGS.get(name)
    text = value.value if isinstance(value, Pin) else value
    if text is None:  # a pinned secret: it is there, and what it is the log does not say
        return spec is not None and not spec.supported
    return spec is not None and text != "" and not spec.supports(text)


def _of_setting(state: State, event: SettingChanged) -> Iterator[str]:
    pin = state.observed.pins.get(event.name)
    yield from notes(event.name, event.new, pin)
    if pin is not None:
        return  # what it would mean does not come about
    spec = catalog.SETTINGS.get(event.name)
    if event.new and (idle := without_effect(state.settings, event.name)):
        yield idle
    risk = spec.risk(event.new) if spec is not None else ""
    if risk and spec is not None and risk != spec.risk(event.old):
        yield risk
