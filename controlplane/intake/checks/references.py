"""Checks across the files of `main`: alias loops, what leads nowhere or has no effect, sizes without units.

Also new accounts that could not log in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import NamedTuple

from controlplane.errors import Problem
from controlplane.intake.checks import (
    account_names,
    alias_graph,
    catch_alls,
    idle_aliases,
    leading_nowhere,
    quota_units,
    stale_entries,
)
from controlplane.model import Desired
from controlplane.ordered import differing
from controlplane.statefiles import aliases
from controlplane.statefiles.parsed import MAX_PROBLEMS, Place
from controlplane.statefiles.treefile import TreeFile

WIDE_CURE = (
    "name fewer, or let a list server have them; more are allowed by "
    "`virtual_alias_expansion_limit = NUMBER` in config/postfix-main.cf"
)


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems refuse a change; warnings are shown and let it pass."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check(
    desired: Desired,
    files: Mapping[str, TreeFile],
    before: Desired | None = None,
    hosts: Collection[str] = (),
) -> Findings:
    """Check `desired` for contradictions; `files` is the tree it was read from, to locate lines.

    `hosts` are the server's own names, which have mail as well.
    With the sound state `before`, only what a change from there can have broken is checked and reported.
    """
    lines = _Lines(files)
    touched = _Touched.between(before or Desired(), desired)
    names = islice(account_names.problems(before or Desired(), desired, files), MAX_PROBLEMS)
    units = islice(quota_units.problems(before or Desired(), desired, files), MAX_PROBLEMS)
    problems = [*names, *units, *_loops(desired, touched, lines, before)]
    elsewhere = desired.settings.get("ACCOUNT_PROVISIONER", "").upper() == "LDAP"
    doubts = chain(
        leading_nowhere.find(before or Desired(), desired, touched.aliases, touched.gone, files, lines.of),
        catch_alls.find(before or Desired(), desired, touched.aliases, files),
        idle_aliases.find(before or Desired(), desired, touched.aliases, files, hosts),
        stale_entries.find(before or Desired(), desired, sorted(touched.gone), files),
        quota_units.notices(before or Desired(), desired, files),
    )
    told = [] if elsewhere else list(islice(doubts, MAX_PROBLEMS))
    return Findings(tuple(problems[:MAX_PROBLEMS]), tuple(told))


class _Touched(NamedTuple):
    """What a change may affect: new and changed aliases, and addresses that were removed."""

    aliases: list[str]
    gone: set[str]
    depth: int
    width: int
    limits: bool
    """Whether the limits of Postfix changed."""

    @classmethod
    def between(cls, before: Desired, after: Desired) -> _Touched:
        old, new = differing(before.aliases, after.aliases)
        changed = [source for source, alias in new.items() if before.aliases.get(source) != alias]
        gone = {source for source in old if source not in after.aliases}
        gone |= {a for a in differing(before.accounts, after.accounts)[0] if a not in after.accounts}
        limits, known = alias_graph.limits(after.overrides), alias_graph.limits(before.overrides)
        return cls(changed, gone, *limits, limits != known)


class _Lines:
    """Finds the line of an alias; reads the file only when there is something to report."""

    def __init__(self, files: Mapping[str, TreeFile]) -> None:
        file = files.get(aliases.PATH)
        self._content = file.content if file else b""

    def are_alone(self, sources: Collection[str]) -> bool:
        """Whether no alias leads to these, as far as that can be told quickly."""
        return alias_graph.nobody_leads_to(sources, self._content.lower())

    @property
    def keep_local_parts(self) -> bool:
        """Whether a circle may pass through a changed alias only under other addresses than its own."""
        return alias_graph.keeps_local_parts(self._content)

    @cached_property
    def _text(self) -> str:
        return self._content.decode(errors="replace")

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return aliases.line_numbers(self._text)

    def of(self, source: str) -> Place:
        number = self._numbers.get(source, 0)
        text = self._text.split("\n")[number - 1].strip() if number else ""
        return Place(aliases.PATH, number, text)


def _loops(desired: Desired, touched: _Touched, lines: _Lines, before: Desired | None) -> Iterator[Problem]:
    starts: Iterable[str] = [*touched.aliases, *sorted(touched.gone)]
    if starts and lines.keep_local_parts:
        starts = desired.aliases
    circles = list(islice(alias_graph.loops(desired, starts), MAX_PROBLEMS))
    for circle in circles:
        way = " → ".join(circle)
        message = f"alias loop: {way}"
        yield lines.of(_source(desired, circle[0])).problem(
            message, "let one of them lead to a mailbox", circle[1]
        )
    if circles or not (touched.aliases or touched.limits):
        return
    alone = (
        before is not None and not touched.limits and not touched.gone and lines.are_alone(touched.aliases)
    )
    among = touched.aliases if alone else None  # what nobody leads to makes no other alias deeper or wider
    for source in alias_graph.too_deep(desired, touched.depth, among):
        message = f"alias {source} leads on more than {touched.depth} times (virtual_alias_recursion_limit)"
        yield lines.of(source).problem(message, "lead it to the end of the chain", source)
    for source, count in islice(alias_graph.too_wide(desired, touched.width, among), MAX_PROBLEMS):
        if before is None or source in touched.aliases or not _was_wide(before, source, touched.width):
            message = (
                f"alias {source} comes to {count} recipients, and Postfix takes no mail for one of more than "
                f"{touched.width} (virtual_alias_expansion_limit)"
            )
            yield lines.of(source).problem(message, WIDE_CURE, source)


def _was_wide(before: Desired, source: str, most: int) -> bool:
    """Whether the alias was too wide already, so that this change is not at fault."""
    return source in before.aliases and any(
        found == source for found, _ in alias_graph.too_wide(before, most)
    )


def _source(desired: Desired, address: str) -> str:
    return alias_graph.entry_of(address, desired) or address
