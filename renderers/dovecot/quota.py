"""Limits of mailbox sizes: rules by account, and the accounts that aliases deliver to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controlplane.model import Account, Desired, State
from renderers.dovecot import accounts
from renderers.text import lines

_MAY_LIMIT = ("dovecot.cf", "user-patches.sh")
_LIMITS = re.compile(rb"quota|userdb|passdb|!include")
"""What may bring limits along: rules, and databases that name them by account."""
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


def anybody_may_be_limited(state: State) -> bool:
    """Whether there may be limits that no account or quota names.

    Those that people state in Dovecot's own language are not read, only noticed.
    """
    found = (state.desired.overrides.get(path) for path in _MAY_LIMIT)
    texts = [override.content for override in found if override]
    return state.settings.postfix_mailbox_size_limit > 0 or any(_LIMITS.search(text) for text in texts)


def limited(state: State) -> frozenset[str]:
    """The accounts and aliases of mailboxes that have a limit of their own."""
    desired = state.desired
    own = [address for address, account in desired.attributed.items() if "quota" in account.attributes]
    named = [address for address in desired.quotas if address in desired.accounts]
    return frozenset([*own, *named, *_aliases(state)])


def aliases(state: State, extras: Mapping[str, str]) -> bytes:
    """A passwd-file of the aliases that deliver to one limited mailbox, for the policy service only.

    An alias with several targets is not in it: that one mailbox is full is no reason to refuse the others.
    """
    uid, gid = state.settings.dms_vmail_uid, state.settings.dms_vmail_gid
    rows = []
    for source, account in _aliases(state).items():
        fields = f"{extras.get(account.address, '')} userdb_user={account.address}".lstrip()
        rows.append(accounts.line(account, source, "", fields, uid, gid))
    return lines(rows)


def _aliases(state: State) -> dict[str, Account]:
    """The limited mailbox of each alias that ends in one alone."""
    desired = state.desired
    everybody = state.settings.postfix_mailbox_size_limit > 0
    if not everybody and not desired.quotas:
        return {}
    found = {}
    for source in desired.aliases:
        account = mailbox(desired, source)
        if account and source not in desired.accounts and (everybody or account.address in desired.quotas):
            found[source] = account
    return found


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
