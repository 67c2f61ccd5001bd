"""Aliases for many addresses that take the mail of accounts as well.

Postfix asks for aliases before it looks for a mailbox (virtual(5)): an account below `@domain`, or whose
address an expression matches, gets nothing unless it has a line of its own, or is a target itself.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from controlplane.errors import Problem
from controlplane.model import Desired, RegexpAlias
from controlplane.ordered import differing
from controlplane.statefiles import aliases, regexps
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import TreeFile

_NAMED = 3
"""Accounts that are named; of more there is an ellipsis."""
_GROUP = re.compile(r"\$(?:(\d{1,2})|\{(\d{1,2})\}|\((\d{1,2})\))")


class Expression(NamedTuple):
    """An alias by a regular expression, compiled; expressions that Python does not take have no `matches`."""

    alias: RegexpAlias
    matches: re.Pattern[str] | None
    negated: bool

    def results(self, address: str) -> list[str] | None:
        """The targets for an address, with `$1` and the like filled in; None where it does not match."""
        found = self.matches.search(address) if self.matches else None
        if self.negated:
            return list(self.alias.targets) if self.matches and not found else None
        if found is None:
            return None

        def group(number: re.Match[str]) -> str:
            wanted = int(number[1] or number[2] or number[3])
            return (found[wanted] or "") if wanted <= (found.re.groups) else ""

        return [_GROUP.sub(group, target) for target in self.alias.targets]


def expressions(desired: Desired) -> list[Expression]:
    """The expressions in their order."""
    return [
        Expression(alias, compiled(alias.pattern), alias.pattern[0] == "!")
        for alias in desired.regexps.values()
    ]


def compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression compiled by Python; None if Python's dialect does not take it.

    Case does not matter unless the flag `i` says otherwise (pcre_table(5)).
    """
    whole = pattern.removeprefix("!")
    end = whole.rfind(whole[0])
    body, flags = whole[1:end], whole[end + 1 :]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(body, re.NOFLAG if "i" in flags else re.IGNORECASE)
    except (re.error, RecursionError, OverflowError):
        return None


def find(
    before: Desired, after: Desired, touched: Collection[str], files: Mapping[str, TreeFile]
) -> Iterator[Problem]:
    """Catch-alls of this change, and accounts that it puts below one that is there; `touched` are aliases."""
    new = differing(before.accounts, after.accounts)[1]
    come = [address for address in new if address not in before.accounts]
    yield from _of_domains(after, touched, come, files)
    yield from _of_expressions(before, after, come, files)


def _of_domains(
    after: Desired, touched: Collection[str], come: Iterable[str], files: Mapping[str, TreeFile]
) -> Iterator[Problem]:
    whole = [source for source in touched if source.startswith("@")]
    found = {source: [a for a in after.accounts if a.endswith(source)] for source in whole}
    for address in come:
        source = f"@{address.rpartition('@')[2]}"
        if source in after.aliases and source not in found:
            found[source] = [a for a in come if a.endswith(source)]
    for source, below in found.items():
        targets = {target.lower() for target in after.aliases[source].targets}
        caught = [a for a in below if a not in after.aliases and a not in targets and source not in targets]
        if caught:
            yield _told(aliases.PATH, source, caught, files)


def _of_expressions(
    before: Desired, after: Desired, come: Iterable[str], files: Mapping[str, TreeFile]
) -> Iterator[Problem]:
    if not after.regexps:
        return
    asked, changed = expressions(after), before.regexps != after.regexps
    fresh = {pattern for pattern, row in after.regexps.items() if before.regexps.get(pattern) != row}
    caught: dict[str, list[str]] = defaultdict(list)
    for address in after.accounts if changed else come:
        pattern = _taken_by(address, after, asked)
        is_new = pattern in fresh or address not in before.accounts
        if is_new and pattern is not None and len(caught[pattern]) <= _NAMED:
            caught[pattern].append(address)
    for pattern, accounts in caught.items():
        yield _told(regexps.PATH, pattern, accounts, files)


def _taken_by(address: str, after: Desired, asked: Iterable[Expression]) -> str | None:
    """The first expression that matches, where the account gets nothing of its mail for it."""
    if address in after.aliases:
        return None
    for expression in asked:
        results = expression.results(address)
        if results is not None:
            keeps = address in map(str.lower, results)
            return None if keeps else expression.alias.pattern
    return None


def _told(path: str, source: str, caught: list[str], files: Mapping[str, TreeFile]) -> Problem:
    some = ", ".join(caught[:_NAMED]) + (", …" if len(caught) > _NAMED else "")
    message = f"{source} takes the mail of accounts too: {some}"
    line = f"{caught[0]} {caught[0]}"
    cure = f"give an account that keeps its mail a line of its own in {aliases.PATH}: {line}"
    return place_of(path, source, files).problem(message, cure, source)


def place_of(path: str, source: str, files: Mapping[str, TreeFile]) -> Place:
    """The line of an alias or an expression."""
    file = files.get(path)
    text = file.content.decode(errors="replace") if file else ""
    if path == aliases.PATH:
        number = aliases.line_numbers(text).get(source, 0)
    else:
        number = next((numbers[0] + 1 for found, numbers in regexps.entries(text) if found == source), 0)
    return Place(path, number, text.split("\n")[number - 1].strip() if number else "")
