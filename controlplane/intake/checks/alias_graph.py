"""Follows aliases to their ends as Postfix does (virtual(5), "TABLE SEARCH ORDER").

An address is looked up as it is, then without the tag behind a +, then as `@domain`. An alias that names
itself among its targets ends every circle that it is part of: two people may keep a copy each and send
each other one (seen with Postfix 3.7, which says "unreasonable map nesting" of other circles). A catch-all
counts only for addresses that are not accounts, since those may have an entry of their own on the server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from controlplane.model import Desired, Override
from controlplane.statefiles.continuation_lines import logical_lines

MAX_DEPTH = 1000
"""Steps from an alias to its end: the default of virtual_alias_recursion_limit (postconf(5))."""
MAX_RECIPIENTS = 1000
"""Addresses that one alias may expand to: the default of virtual_alias_expansion_limit (postconf(5))."""
DOMAIN_ALONE = (b" @", b"\t@", b",@")
FEW = 20
"""Aliases that are searched for one by one."""
MAX_NODES = 200_000
"""The most addresses to follow; a catch-all of whole domains could produce more."""


def limits(overrides: Mapping[str, Override]) -> tuple[int, int]:
    """(steps, recipients) that an alias is followed for: the default limits, or those of postfix-main.cf."""
    found = {"virtual_alias_recursion_limit": MAX_DEPTH, "virtual_alias_expansion_limit": MAX_RECIPIENTS}
    override = overrides.get("postfix-main.cf")
    if override is not None and b"virtual_alias_" in override.content:
        for entry in logical_lines(override.content.decode(errors="replace")):
            name, _, value = (part.strip() for part in entry.text.partition("="))
            if name in found and value.isdecimal():
                found[name] = int(value)
    return found["virtual_alias_recursion_limit"], found["virtual_alias_expansion_limit"]


def entry_of(address: str, desired: Desired) -> str | None:
    """The alias that applies to an address (in lower case); None if none does."""
    if address in desired.aliases:
        return address
    local, _, domain = address.rpartition("@")
    if "+" in local:
        plain = f"{local.partition('+')[0]}@{domain}"
        if plain in desired.aliases:
            return plain
    catch_all = f"@{domain}"
    if catch_all in desired.aliases and address not in desired.accounts:
        return catch_all
    return None


def following(address: str, desired: Desired) -> list[str]:
    """The addresses that mail for this one is passed on to; none if it keeps a copy itself."""
    entry = entry_of(address, desired)
    if entry is None:
        return []
    local = address.rpartition("@")[0]
    found = (target.lower() for target in desired.aliases[entry].targets)
    # a target of a domain alone keeps the local part
    filled = [f"{local}{target}" if target.startswith("@") else target for target in found]
    if (
        address in filled or entry in filled
    ):  # the tag stays with the address (propagate_unmatched_extensions)
        return []
    return [target for target in filled if "@" in target]


def loops(desired: Desired, starts: Iterable[str]) -> Iterator[list[str]]:
    """One chain per loop reachable from `starts`, as in `[a, b, a]`."""
    done: set[str] = set()
    for address in starts:
        yield from _search(address, desired, done)


def _search(start: str, desired: Desired, done: set[str]) -> Iterator[list[str]]:
    if start in done or len(done) > MAX_NODES:
        return
    path = [start]
    on_path = {start}
    branches = [_aliases_behind(start, desired)]
    while branches:
        step = next(branches[-1], None)
        if step is None:
            branches.pop()
            on_path.discard(path[-1])
            done.add(path.pop())
        elif step in on_path:
            yield [*path[path.index(step) :], step]
        elif step not in done:
            path.append(step)
            on_path.add(step)
            branches.append(_aliases_behind(step, desired))


def _aliases_behind(address: str, desired: Desired) -> Iterator[str]:
    """Those of the following addresses that may lead on."""
    return (step for step in following(address, desired) if entry_of(step, desired) is not None)


def too_deep(desired: Desired, most: int = MAX_DEPTH, among: Collection[str] | None = None) -> list[str]:
    """The first alias whose longest chain has more than `most` steps. Requires a graph without loops.

    `among` are the aliases to look at; all, where it is None.
    """
    if among is None and _links(desired) < most:
        return []
    depth: dict[str, int] = {}
    sources = desired.aliases if among is None else among
    return [source for source in sources if _depth(source, desired, depth) > most][:1]


def too_wide(
    desired: Desired, most: int = MAX_RECIPIENTS, among: Collection[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Aliases that expand to more than `most` recipients, with the count. Requires a graph without loops.

    Counted as Postfix counts: an address that is reached by several ways counts once for each of them.
    `among` are the aliases to look at; all, where it is None.
    """
    known, width = desired.aliases, dict[str, int]()
    if among is not None:
        found = ((source, _width(source, desired, width)) for source in among)
        yield from ((source, count) for source, count in found if count > most)
        return
    caught = {source[1:] for source in known if source[0] == "@"}
    for source, alias in known.items():
        targets = [target.lower() for target in alias.targets]
        nested = any(
            t in known or "+" in t or t[0] == "@" or (caught and t.rpartition("@")[2] in caught)
            for t in targets
        )
        if (nested or len(alias.targets) > most) and (count := _width(source, desired, width)) > most:
            yield source, count


def nobody_leads_to(sources: Collection[str], text: bytes) -> bool:
    """Whether each of these aliases stands in the text of all (in lower case) only where it is defined.

    False may also mean that this would take longer than to look at all of them.
    """
    return (
        len(sources) <= FEW
        and not keeps_local_parts(text)
        and all(
            source[0] != "@"
            and text.count(source.encode()) == 1
            and source.partition("@")[0].encode() + b"+" not in text
            for source in sources
        )
    )


def keeps_local_parts(text: bytes) -> bool:
    """Whether an alias may have a target that is a domain alone, to which many addresses can lead."""
    return any(mark in text for mark in DOMAIN_ALONE)  # a pattern takes ten times as long


def _width(start: str, desired: Desired, width: dict[str, int]) -> int:
    """How many recipients an address expands to, including itself if it keeps a copy."""

    def count(own: int, steps: list[str]) -> int:
        return max(1, own + sum(width.get(step, 1) for step in steps))

    return _settled(start, lambda address: _expanded(address, desired), count, width)


def _settled(
    start: str,
    expand: Callable[[str], tuple[int, list[str]]],
    value: Callable[[int, list[str]], int],
    known: dict[str, int],
) -> int:
    """The value of an address, after those of all that it leads to. A circle, which `loops` tells, is cut."""
    stack, entered = [start], set[str]()
    while stack and len(known) <= MAX_NODES:
        address = stack[-1]
        own, steps = expand(address) if address not in known else (0, [])
        waiting = [step for step in steps if step not in known and step not in entered]
        if waiting and address not in entered:
            entered.add(address)
            stack += waiting
        else:
            stack.pop()
            entered.discard(address)
            if address not in known:
                known[address] = value(own, steps)
    return known.get(start, 0)


def _expanded(address: str, desired: Desired) -> tuple[int, list[str]]:
    """(final recipients that an address's alias names, addresses that are expanded further)."""
    entry = entry_of(address, desired)
    if entry is None:
        return 1, []
    local = address.rpartition("@")[0]
    found = (target.lower() for target in desired.aliases[entry].targets)
    filled = [f"{local}{target}" if target.startswith("@") else target for target in found]
    steps = [step for step in filled if step != address and "@" in step and entry_of(step, desired)]
    return len(filled) - len(steps), steps


def _links(desired: Desired) -> int:
    """An upper bound of the longest chain's steps, less one, as each step takes an entry of its own."""
    known = desired.aliases
    catch_alls = sum(source[0] == "@" for source in known)
    targets = (target.lower() for alias in known.values() for target in alias.targets)
    return catch_alls + sum(target in known or "+" in target or target[0] == "@" for target in targets)


def _depth(start: str, desired: Desired, depth: dict[str, int]) -> int:
    """How many steps an address is from the last of its ends."""

    def count(_: int, steps: list[str]) -> int:
        return 1 + max((depth.get(step, 0) for step in steps), default=-1)

    return _settled(start, lambda address: (0, following(address, desired)), count, depth)
