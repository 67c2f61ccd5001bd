"""Aliases that lead to nobody: mail for them is taken, and then goes back to its sender.

Of all three kinds: by address, by expression, and of local names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from functools import cached_property

from controlplane.errors import Problem
from controlplane.intake.checks import alias_graph, catch_alls
from controlplane.intake.checks.catch_alls import place_of
from controlplane.model import Desired
from controlplane.statefiles import regexps
from controlplane.statefiles.continuation_lines import logical_lines
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import CONFIG, TreeFile

_LOCAL = "postfix-aliases.cf"
_PREDEFINED = frozenset({"root", "postmaster", "mailer-daemon", "nobody", "abuse"})
_LOCAL_NAME = re.compile(r"^[ \t]*\"?([^\s:#\"]+)\"?[ \t]*:", re.MULTILINE)
_ENTRY = re.compile(r"(?P<name>\"[^\"]*\"|[^\s:#\"]+)\s*:\s*(?P<targets>.*)", re.DOTALL)
_ADDRESS = re.compile(r"[^\s\"|:/$@]+@[^\s\"|:/$@]+")
"""A target that is an address as it stands: no program, file or list (aliases(5)), and not filled in."""
_CURE = "add the account, or correct the target"
_NOBODY = "which is neither an account nor an alias"


def find(
    before: Desired,
    after: Desired,
    touched: Collection[str],
    gone: Set[str],
    files: Mapping[str, TreeFile],
    place: Callable[[str], Place],
) -> Iterator[Problem]:
    """Such aliases of this change: `touched` are those of postfix-virtual.cf, `gone` addresses that went.

    `place` finds the line of an alias there.
    """
    answers = _Answers(after)
    yield from _of_addresses(after, touched, gone, answers, place)
    yield from _of_expressions(before, after, gone, answers, files)
    yield from _of_local_names(before, after, gone, answers)


def _of_addresses(
    after: Desired,
    touched: Collection[str],
    gone: Set[str],
    answers: _Answers,
    place: Callable[[str], Place],
) -> Iterator[Problem]:
    sources = dict.fromkeys(touched)
    if gone:
        left = (a for a in after.aliases.values() if not gone.isdisjoint(map(str.lower, a.targets)))
        sources |= dict.fromkeys(alias.source for alias in left)
    for source in sources:
        for target in after.aliases[source].targets:
            if target.startswith("#"):
                message = (
                    f"alias {source} leads to all words behind {target[:40]} too: no comment begins there"
                )
                cure = "put the comment on a line of its own"
                yield place(source).problem(message, cure, target)
                break
            if not answers.to(target.lower()):
                message = f"alias {source} leads to {target}, {_NOBODY}"
                yield place(source).problem(message, _CURE, target)


def _of_expressions(
    before: Desired,
    after: Desired,
    gone: Set[str],
    answers: _Answers,
    files: Mapping[str, TreeFile],
) -> Iterator[Problem]:
    for pattern, row in after.regexps.items():
        targets = [target for target in row.targets if _ADDRESS.fullmatch(target)]
        if before.regexps.get(pattern) == row and gone.isdisjoint(map(str.lower, targets)):
            continue
        for target in targets:
            if not answers.to(target.lower()):
                message = f"{pattern} leads to {target}, {_NOBODY}"
                yield place_of(regexps.PATH, pattern, files).problem(message, _CURE, target)


def _of_local_names(before: Desired, after: Desired, gone: Set[str], answers: _Answers) -> Iterator[Problem]:
    now, then = after.overrides.get(_LOCAL), before.overrides.get(_LOCAL)
    if now is None or (now == then and not gone):
        return
    for entry in logical_lines(now.content.decode(errors="replace")):
        found = _ENTRY.fullmatch(entry.text)
        for target in re.split(r"[\s,]+", found["targets"]) if found else ():
            fresh = now != then or target.lower() in gone
            if found and fresh and _ADDRESS.fullmatch(target) and not answers.to(target.lower()):
                place = Place(CONFIG + _LOCAL, entry.numbers[0] + 1, entry.parts[0].strip())
                yield place.problem(f"{found['name']} leads to {target}, {_NOBODY}", _CURE, target)


class _Answers:
    """Knows which of our addresses somebody answers to; addresses of other domains count as answered."""

    def __init__(self, desired: Desired) -> None:
        self._desired = desired

    def to(self, address: str) -> bool:
        local, at, domain = address.rpartition("@")
        if not at:
            return address in self._names
        if not local or (domain not in self._desired.domains and domain not in self._desired.alias_domains):
            return True
        accounts = self._desired.accounts
        return (
            address in accounts
            or _plain(address) in accounts
            or self._leads_on(address)
            or any(pattern.search(address) for pattern in self._patterns)
        )

    def _leads_on(self, address: str) -> bool:
        """Whether an alias takes it elsewhere: one that leads to the address itself ends at a mailbox."""
        entry = alias_graph.entry_of(address, self._desired)
        return entry is not None and {*map(str.lower, self._desired.aliases[entry].targets)} != {address}

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        return [found for found in map(catch_alls.compiled, self._desired.regexps) if found]

    @cached_property
    def _names(self) -> frozenset[str]:
        override = self._desired.overrides.get(_LOCAL)
        text = override.content.decode(errors="replace") if override else ""
        return _PREDEFINED | {name.lower() for name in _LOCAL_NAME.findall(text)}


def _plain(address: str) -> str:
    """The address without the tag behind a + (recipient_delimiter)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
