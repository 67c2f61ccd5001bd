"""The events that lead from one desired state to another: as few as possible, in a fixed order.

Removals come first, then settings, files, accounts, aliases, expressions and tables, so that a plan always
reads alike. `fold(State(old), diff(old, new)).desired == new` holds for all old and new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from controlplane.events import (
    AccountAdded,
    AccountChanged,
    AccountMoved,
    AccountRemoved,
    AliasAdded,
    AliasChanged,
    AliasRemoved,
    Event,
    OverrideChanged,
    OverrideRemoved,
    RegexpAdded,
    RegexpChanged,
    RegexpMoved,
    RegexpRemoved,
    SettingChanged,
)
from controlplane.intake import diff_tables
from controlplane.model import Account, Desired
from controlplane.ordered import START, differing, placements

V = TypeVar("V")
Differing = tuple[dict[str, Any], dict[str, Any]]
"""The entries of two tables outside what both begin and end with (`differing`)."""


def diff(old: Desired, new: Desired) -> tuple[Event, ...]:
    """The events from `old` to `new`. Costs a look at each item that is not the same object in both."""
    accounts = differing(old.accounts, new.accounts)
    aliases = differing(old.aliases, new.aliases)
    return (
        *_removals(old, new, accounts, aliases),
        *diff_tables.removals(old, new),
        *_settings(old.settings, new.settings),
        *_overrides(old, new),
        *_accounts(old, new, accounts),
        *_aliases(old, aliases),
        *_regexps(old, new),
        *diff_tables.additions(old, new),
    )


def _changed(old: Mapping[str, V], come: Mapping[str, V]) -> Iterator[tuple[V, V]]:
    """Pairs of differing values; values that are the same object are not compared."""
    for key, value in come.items():
        before = old.get(key)
        if before is not None and before is not value and before != value:
            yield before, value


def _removals(old: Desired, new: Desired, accounts: Differing, aliases: Differing) -> Iterator[Event]:
    for address in accounts[0]:
        if address not in new.accounts:
            yield AccountRemoved(address=address)
    for source, alias in aliases[0].items():
        if source not in new.aliases:
            yield AliasRemoved(source=source, targets=alias.targets)
    for pattern, regexp in old.regexps.items():
        if pattern not in new.regexps:
            yield RegexpRemoved(pattern=pattern, targets=regexp.targets)
    for path in sorted(old.overrides.keys() - new.overrides.keys()):
        yield OverrideRemoved(path=path)


def _settings(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Event]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield SettingChanged(name=name, old=old.get(name), new=new.get(name))


def _overrides(old: Desired, new: Desired) -> Iterator[Event]:
    for path in sorted(new.overrides):
        override = new.overrides[path]
        before = old.overrides.get(path)
        if before is not override and before != override:
            yield OverrideChanged(path=path, content=override.content, executable=override.executable)


def _accounts(old: Desired, new: Desired, accounts: Differing) -> Iterator[Event]:
    for before, account in _changed(old.accounts, accounts[1]):
        yield AccountChanged(
            address=account.address,
            password_hash=account.password_hash,
            attributes=account.attributes,
            what=_what(before, account),
        )
    for key, after, is_new in placements(old.accounts, new.accounts):
        if is_new:
            account = new.accounts[key]
            yield AccountAdded(
                address=key, password_hash=account.password_hash, attributes=account.attributes, after=after
            )
        else:
            yield AccountMoved(address=key, after=after or START)


def _what(old: Account, new: Account) -> str:
    parts = (
        ("password", old.password_hash != new.password_hash),
        ("attributes", old.attributes != new.attributes),
    )
    return " and ".join(name for name, differs in parts if differs)


def _aliases(old: Desired, aliases: Differing) -> Iterator[Event]:
    for _, alias in _changed(old.aliases, aliases[1]):
        yield AliasChanged(source=alias.source, targets=alias.targets)
    for source, alias in aliases[1].items():
        if source not in old.aliases:
            yield AliasAdded(source=source, targets=alias.targets)


def _regexps(old: Desired, new: Desired) -> Iterator[Event]:
    for _, regexp in _changed(old.regexps, new.regexps):
        yield RegexpChanged(pattern=regexp.pattern, targets=regexp.targets)
    for key, after, is_new in placements(old.regexps, new.regexps):
        if is_new:
            yield RegexpAdded(pattern=key, targets=new.regexps[key].targets, after=after)
        else:
            yield RegexpMoved(pattern=key, after=after or START)
