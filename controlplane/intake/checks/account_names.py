"""Refuses account names that cannot log in next to master accounts, once both exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controlplane import addresses
from controlplane.errors import Problem
from controlplane.model import Desired
from controlplane.statefiles import accounts
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.treefile import TreeFile


def problems(before: Desired, after: Desired, files: Mapping[str, TreeFile]) -> Iterator[Problem]:
    """A problem, at its line of `files`, for each such account that is new or whose first master is.

    What older versions took is left as it is.
    """
    file, first = files.get(accounts.PATH), not before.masters
    if not after.masters or file is None or addresses.MASTER_SEPARATOR.encode() not in file.content:
        return
    for address in after.accounts:
        complaint = addresses.mailbox_complaint(address)
        if complaint and (first or address not in before.accounts):
            text = file.content.decode(errors="replace")
            number = accounts.line_of(text, address)
            line = text.split("\n")[number - 1].strip()
            place = Place(accounts.PATH, number, line, accounts.masked(line))
            message = f'"{address}" cannot be an account: {complaint[0]}'
            yield place.problem(message, complaint[1], line[: len(address)])
