"""How full mailboxes are: limits are in the state, what is used the node is asked for."""

from __future__ import annotations

import re

from controlplane.daemon.asking import Ask
from controlplane.errors import MailserverError
from controlplane.model import State
from controlplane.protocol.states import AccountRow
from controlplane.statefiles.quotas import kibibytes

_ELSEWHERE = re.compile(r"(?:^|\s)(?:userdb_)?(?:mail|home)=")
"""Userdb fields that put an account's mail at another place than the usual one."""
SECONDS = 60.0
"""The first question after a start may have Dovecot look into thousands of mailboxes."""


def add_usage(accounts: list[AccountRow], state: State, ask: Ask) -> None:
    """Give each account `used` and `limit` (KiB, None for no limit) and `percent`.

    They stay without where quotas are off, and where nobody answers: the list is worth having all the same.
    """
    if not state.settings.enable_quotas or not accounts:
        return
    rows = state.desired.accounts.values()
    question = {
        "op": "mailbox.usage",
        "addresses": [account["address"] for account in accounts],
        "elsewhere": [each.address for each in rows if _ELSEWHERE.search(each.attributes)],
    }
    try:
        answer = ask(question, SECONDS)
    except MailserverError:
        return
    used = answer.get("used") or {}
    general = state.settings.postfix_mailbox_size_limit // 1024 or None
    own = state.desired.quotas
    for account in accounts:
        address = account["address"]
        limit = (kibibytes(own[address]) or None) if address in own else general
        account["used"] = size = int(used.get(address) or 0)
        account["limit"] = limit
        account["percent"] = size * 100 // limit if limit else 0
