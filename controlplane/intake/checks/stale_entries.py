"""Warns about quotas and restrictions of addresses that nobody has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from controlplane.errors import Problem
from controlplane.model import Desired
from controlplane.statefiles import access, quotas
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.tables import Table
from controlplane.statefiles.treefile import TreeFile


def find(
    before: Desired, after: Desired, gone: Collection[str], files: Mapping[str, TreeFile]
) -> Iterator[Problem]:
    """Such entries that this change added or left behind; `gone` are the addresses that it removed."""
    for address in _touched(before.quotas, after.quotas, gone):
        if address not in after.accounts:
            message = f"there is no account {address}: its quota has no effect"
            yield _place(quotas.TABLE, files, address).problem(message, "add the account, or remove the line")
    for address in _touched(before.send_access, after.send_access, gone):
        if not _may_be_meant(address, after):
            yield _without_effect(access.SEND, files, address)
    for address in _touched(before.receive_access, after.receive_access, gone):
        if not _may_be_meant(address, after):
            yield _without_effect(access.RECEIVE, files, address)


def _touched(old: Mapping[str, str], new: Mapping[str, str], gone: Collection[str]) -> Iterator[str]:
    """Names of entries that are new, or whose address may be gone."""
    if old is not new:
        yield from (name for name in new if name not in old)
    yield from (name for name in gone if name in new)


def _may_be_meant(pattern: str, desired: Desired) -> bool:
    """Whether mail can match the restriction: patterns and addresses elsewhere always count as such."""
    local, _, domain = pattern.rpartition("@")
    if not local or domain not in desired.domains:
        return True
    return pattern in desired.accounts or pattern in desired.aliases or f"@{domain}" in desired.aliases


def _without_effect(table: Table[str], files: Mapping[str, TreeFile], address: str) -> Problem:
    message = f"nobody has the address {address}: restricting it has no effect"
    return _place(table, files, address).problem(message, "correct the address, or remove the line", address)


def _place(table: Table[str], files: Mapping[str, TreeFile], name: str) -> Place:
    file = files.get(table.path)
    text = file.content.decode(errors="replace") if file else ""
    number = table.line_of(text, name)
    return Place(table.path, number, text.split("\n")[number - 1].strip() if number else "")
