"""The events for the tables of a state: quotas, masters, relay hosts, access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controlplane.events import (
    Event,
    MasterAdded,
    MasterChanged,
    MasterRemoved,
    QuotaRemoved,
    QuotaSet,
    ReceiveAccessRemoved,
    ReceiveAccessSet,
    RelayCredentialsRemoved,
    RelayCredentialsSet,
    RelayRouteRemoved,
    RelayRouteSet,
    SendAccessRemoved,
    SendAccessSet,
)
from controlplane.model import Desired
from controlplane.ordered import differing
from controlplane.statefiles.relay import user_of


def removals(old: Desired, new: Desired) -> Iterator[Event]:
    """Events for the entries that the new tables lack."""
    for address in _gone(old.quotas, new.quotas):
        yield QuotaRemoved(address=address)
    for name in _gone(old.masters, new.masters):
        yield MasterRemoved(name=name)
    for sender in _gone(old.relay_routes, new.relay_routes):
        yield RelayRouteRemoved(sender=sender)
    for key in _gone(old.relay_credentials, new.relay_credentials):
        yield RelayCredentialsRemoved(key=key)
    for address in _gone(old.send_access, new.send_access):
        yield SendAccessRemoved(address=address)
    for address in _gone(old.receive_access, new.receive_access):
        yield ReceiveAccessRemoved(address=address)


def additions(old: Desired, new: Desired) -> Iterator[Event]:
    """Events for the entries that are new or changed in the new tables."""
    for address, limit, before in _set(old.quotas, new.quotas):
        yield QuotaSet(address=address, limit=limit, old=before)
    yield from _masters(old, new)
    for sender, host, _ in _set(old.relay_routes, new.relay_routes):
        yield RelayRouteSet(sender=sender, host=host)
    for key, credentials, _ in _set(old.relay_credentials, new.relay_credentials):
        yield RelayCredentialsSet(key=key, credentials=credentials, user=user_of(credentials))
    for address, action, before in _set(old.send_access, new.send_access):
        yield SendAccessSet(address=address, action=action, old=before)
    for address, action, before in _set(old.receive_access, new.receive_access):
        yield ReceiveAccessSet(address=address, action=action, old=before)


def _masters(old: Desired, new: Desired) -> Iterator[Event]:
    for name, master in new.masters.items():
        kind = MasterChanged if name in old.masters else MasterAdded
        if old.masters.get(name) != master:
            yield kind(name=name, password_hash=master.password_hash, attributes=master.attributes)


def _gone(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    return (key for key in differing(old, new)[0] if key not in new)


def _set(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str | None]]:
    """Keys whose value changed, each with the new and the old value."""
    for key, value in differing(old, new)[1].items():
        before = old.get(key)
        if before != value:
            yield key, value, before
