"""Sizes of mailboxes without a unit: refused in dovecot-quotas.cf, noticed where Dovecot's own rules stand.

Dovecot counts KiB then, and 512 was hardly meant to be half a megabyte. What earlier versions took stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from controlplane.errors import Problem
from controlplane.model import Desired
from controlplane.ordered import differing
from controlplane.statefiles import accounts, quotas
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import CONFIG, TreeFile

_ATTRIBUTE = re.compile(r"quota_rule[0-9]*=\S*?:storage=\+?(?P<size>[0-9]*[1-9][0-9]*)(?=\s|$)")
_RULE = re.compile(
    rb"^\s*quota_rule[0-9]*\s*=\s*[^#\n]*:storage=\+?(?P<size>[0-9]*[1-9][0-9]*)\s*$", re.MULTILINE
)
_DOVECOT = "dovecot.cf"


def problems(before: Desired, after: Desired, files: Mapping[str, TreeFile]) -> Iterator[Problem]:
    """A problem for each row that is new or has another size, at its line of `files`."""
    path = quotas.TABLE.path
    for address, size in differing(before.quotas, after.quotas)[1].items():
        if before.quotas.get(address) != size and not quotas.has_unit(size):
            place = _place(path, quotas.TABLE.line_of(_text(files, path), address), files)
            yield place.problem(f"the quota of {address} has no unit", _cure(size), size)


def notices(before: Desired, after: Desired, files: Mapping[str, TreeFile]) -> Iterator[Problem]:
    """The same of rules of Dovecot in attributes of accounts and in dovecot.cf, which it takes so."""
    for address, account in differing(before.accounts, after.accounts)[1].items():
        found = _ATTRIBUTE.search(account.attributes) if account.attributes else None
        if found and before.accounts.get(address) != account:
            text = _text(files, accounts.PATH)
            number = accounts.line_of(text, address)
            line = text.split("\n")[number - 1].strip() if number else ""
            place = Place(accounts.PATH, number, line, accounts.masked(line))
            yield place.problem(f"the quota of {address} counts KiB: {found[0]}", _cure(found["size"]))
    now = after.overrides.get(_DOVECOT)
    if now is not None and now != before.overrides.get(_DOVECOT):
        for rule in _RULE.finditer(now.content):
            number = now.content.count(b"\n", 0, rule.start("size")) + 1
            size = rule["size"].decode()
            place = _place(CONFIG + _DOVECOT, number, files)
            yield place.problem(f"the quota counts KiB: storage={size}", _cure(size), size)


def _cure(size: str) -> str:
    return f"write {size}M for MiB, or {size}K for what Dovecot takes it for"


def _text(files: Mapping[str, TreeFile], path: str) -> str:
    file = files.get(path)
    return file.content.decode(errors="replace") if file else ""


def _place(path: str, number: int, files: Mapping[str, TreeFile]) -> Place:
    return Place(path, number, _text(files, path).split("\n")[number - 1].strip() if number else "")
