"""The events that lead from one desired state to another: as few as possible, in a fixed order.

Removals come first, then settings, files, accounts, aliases, expressions and tables, so that a plan always
reads alike. `fold(State(old), diff(old, new)).desired == new` holds for all old and new.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

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
from controlplane.ordered import START

V = TypeVar("V")


class Placement(NamedTuple):
    """A key that must be put somewhere: `after` as in the events (None: the end, START: the start)."""

    key: str
    after: str | None
    is_new: bool


def diff(old: Desired, new: Desired) -> tuple[Event, ...]:
    """The events from `old` to `new`. Costs one look at each item, and a sort of what moved."""
    return (
        *_removals(old, new),
        *diff_tables.removals(old, new),
        *_settings(old.settings, new.settings),
        *_overrides(old, new),
        *_accounts(old, new),
        *_aliases(old, new),
        *_regexps(old, new),
        *diff_tables.additions(old, new),
    )


def placements(old: Mapping[str, object], new: Mapping[str, object]) -> list[Placement]:
    """The steps that bring the keys of `old`, those of no use removed before, into the order of `new`.

    Keys that keep their order relative to each other stay, as many as possible. Every other key is put
    behind the one before it in `new`, from the front on: what stands before a key is final when its turn
    comes, so each step is right when it is taken and no later step undoes it.
    """
    kept = [key for key in old if key in new]
    fresh = len(new) - len(kept)
    wanted = [key for key in new if key in old] if fresh else list(new)
    staying = None if kept == wanted else _longest_run(kept, wanted)
    if staying is None and not fresh:
        return []
    return list(_steps(old, new, staying))


def _steps(
    old: Mapping[str, object], new: Mapping[str, object], staying: set[str] | None
) -> Iterator[Placement]:
    keys = list(new)
    tail = len(keys)
    while tail and keys[tail - 1] not in old:
        tail -= 1
    for at, key in enumerate(keys):
        is_new = key not in old
        if is_new or (staying is not None and key not in staying):
            before = keys[at - 1] if at else START
            yield Placement(key, None if at >= tail else before, is_new)


def _longest_run(kept: list[str], wanted: list[str]) -> set[str]:
    """The most keys whose order is the same in both lists (longest increasing subsequence, by patience)."""
    rank = {key: at for at, key in enumerate(kept)}
    tops: list[int] = []
    piles: list[str] = []
    previous: dict[str, str | None] = {}
    for key in wanted:
        pile = bisect_left(tops, rank[key])
        previous[key] = piles[pile - 1] if pile else None
        tops[pile : pile + 1] = [rank[key]]
        piles[pile : pile + 1] = [key]
    run: set[str] = set()
    link: str | None = piles[-1] if piles else None
    while link is not None:
        run.add(link)
        link = previous[link]
    return run


def _changed(old: Mapping[str, V], new: Mapping[str, V]) -> Iterator[tuple[V, V]]:
    """Pairs of values that differ; a value that is the same object is not looked into."""
    for key, value in new.items():
        before = old.get(key)
        if before is not None and before is not value and before != value:
            yield before, value


def _removals(old: Desired, new: Desired) -> Iterator[Event]:
    for address in old.accounts:
        if address not in new.accounts:
            yield AccountRemoved(address=address)
    for source, alias in old.aliases.items():
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


def _accounts(old: Desired, new: Desired) -> Iterator[Event]:
    for before, account in _changed(old.accounts, new.accounts):
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


def _aliases(old: Desired, new: Desired) -> Iterator[Event]:
    for _, alias in _changed(old.aliases, new.aliases):
        yield AliasChanged(source=alias.source, targets=alias.targets)
    for source, alias in new.aliases.items():
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
