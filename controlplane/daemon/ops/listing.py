"""Operations that list what there is."""

from __future__ import annotations

from controlplane.daemon.core import Daemon
from controlplane.daemon.protocol import Request, Result, Say


def accounts(daemon: Daemon, request: Request, say: Say) -> Result:
    """Accounts in the order of their file, with the aliases that lead to them."""
    del request, say
    desired = daemon.intake.state.desired
    leading: dict[str, list[str]] = {}
    for alias in desired.aliases.values():
        for target in alias.targets:
            leading.setdefault(target.lower(), []).append(alias.source)
    return {
        "accounts": [
            {"address": address, "aliases": leading.get(address, [])} for address in desired.accounts
        ]
    }


def aliases(daemon: Daemon, request: Request, say: Say) -> Result:
    """Aliases with their targets."""
    del request, say
    rows = daemon.intake.state.desired.aliases.values()
    return {"aliases": [{"alias": alias.source, "targets": list(alias.targets)} for alias in rows]}
