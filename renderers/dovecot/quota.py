"""Limits of mailbox sizes: rules by account, and the accounts that aliases deliver to."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.model import Account, Desired, State
from renderers.dovecot import accounts
from renderers.text import lines

_LONGEST_CHAIN = 100
"""Postfix has the same limit for aliases of aliases (virtual_alias_recursion_limit)."""


def rules(state: State) -> dict[str, str]:
    """The userdb field of each account that has a limit of its own, by address."""
    if not state.settings.enable_quotas:
        return {}
    known = state.desired.accounts
    return {
        address: f"userdb_quota_rule=*:storage={size}"
        for address, size in state.desired.quotas.items()
        if address in known
    }


def aliases(state: State, extras: Mapping[str, str]) -> bytes:
    """A passwd-file of the aliases that deliver to one limited mailbox, for the policy service only.

    An alias with several targets is not in it: that one mailbox is full is no reason to refuse the others.
    """
    settings, desired = state.settings, state.desired
    everybody = settings.postfix_mailbox_size_limit > 0
    if not everybody and not desired.quotas:
        return b""
    uid, gid = settings.dms_vmail_uid, settings.dms_vmail_gid
    rows = []
    for source in desired.aliases:
        account = mailbox(desired, source)
        if account and source not in desired.accounts and (everybody or account.address in desired.quotas):
            fields = f"{extras.get(account.address, '')} userdb_user={account.address}".lstrip()
            rows.append(accounts.line(account, source, "", fields, uid, gid))
    return lines(rows)


def mailbox(desired: Desired, address: str) -> Account | None:
    """The one account that mail for an alias ends at; None where it goes elsewhere, or to several."""
    for _ in range(_LONGEST_CHAIN):
        alias = desired.aliases.get(address) or desired.aliases.get(_plain(address))
        if alias is None or address in alias.targets:
            return desired.accounts.get(address) or desired.accounts.get(_plain(address))
        if len(alias.targets) != 1:
            return None
        address = alias.targets[0].lower()
    return None


def _plain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
