"""Operations that list what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops.requests import Asked, Hashes
from controlplane.daemon.usage import add_usage
from controlplane.model import Account, Desired, Master
from controlplane.password_schemes import REFUSED, WEAK, scheme_of
from controlplane.protocol.states import Access, Accounts, Aliases, HashRow, Masters
from controlplane.protocol.states import Hashes as HashesAnswer


def accounts(daemon: Daemon, _request: Asked) -> Accounts:
    """Accounts in the order of their file, with the aliases that lead to them, and how full they are."""
    state = daemon.intake.state
    result = accounts_of(state.desired)
    add_usage(result["accounts"], state, daemon.ask_agent)
    return result


def aliases(daemon: Daemon, _request: Asked) -> Aliases:
    """Aliases with their targets."""
    return aliases_of(daemon.intake.state.desired)


def masters(daemon: Daemon, _request: Asked) -> Masters:
    """The names of master accounts."""
    return masters_of(daemon.intake.state.desired)


def access(daemon: Daemon, _request: Asked) -> Access:
    """Who is restricted from sending and receiving, and how."""
    return access_of(daemon.intake.state.desired)


def hashes(daemon: Daemon, request: Hashes) -> HashesAnswer:
    """By which scheme each password is kept, all of them or the weak ones."""
    desired = daemon.intake.state.desired
    logins: tuple[Mapping[str, Account | Master], ...] = (desired.accounts, desired.masters)
    found = [[_hash_row(name, each.password_hash) for name, each in rows.items()] for rows in logins]
    told = [[row for row in rows if row["weak"] or not request.weak] for rows in found]
    return {"accounts": told[0], "masters": told[1]}


def _hash_row(name: str, password_hash: str) -> HashRow:
    scheme = scheme_of(password_hash)
    return {"name": name, "scheme": scheme, "weak": scheme in WEAK, "refused": scheme in REFUSED}


def accounts_of(desired: Desired) -> Accounts:
    """The answer of `accounts`, without what only a running server knows."""
    leading: dict[str, list[str]] = {}
    for alias in desired.aliases.values():
        for target in alias.targets:
            leading.setdefault(target.lower(), []).append(alias.source)
    return {
        "accounts": [
            {"address": address, "aliases": leading.get(address, [])} for address in desired.accounts
        ]
    }


def aliases_of(desired: Desired) -> Aliases:
    """The answer of `aliases`."""
    rows = desired.aliases.values()
    return {"aliases": [{"alias": alias.source, "targets": list(alias.targets)} for alias in rows]}


def masters_of(desired: Desired) -> Masters:
    """The answer of `masters`."""
    return {"masters": list(desired.masters)}


def access_of(desired: Desired) -> Access:
    """The answer of `access`."""
    return {"send": dict(desired.send_access), "receive": dict(desired.receive_access)}


OF_FILES: Mapping[str, Callable[[Desired], Mapping[str, Any]]] = {
    "accounts": accounts_of,
    "aliases": aliases_of,
    "masters": masters_of,
    "access": access_of,
}
"""What can be told of files alone, by operation."""
