"""The passwd-files that logins and deliveries read: accounts, and masters who log in as any of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeVar

from controlplane.model import Account, Master
from renderers.text import lines

_ENDS_A_FIELD = re.compile(r"[:\s]")

Login = TypeVar("Login", Account, Master)


def unrepresentable(logins: Collection[Login]) -> list[Login]:
    """Accounts or masters that no line of a passwd-file can represent, since colons end its fields."""
    hashes = "".join([login.password_hash for login in logins])
    if ":" not in hashes and len(hashes.split(maxsplit=1)) < 2 and hashes.strip() == hashes:
        return []
    return [login for login in logins if _ends_a_field(login.password_hash)]


def _ends_a_field(password_hash: str) -> bool:
    # a sealed one is opened on the node, which knows what it holds
    return not password_hash.startswith("age:") and _ENDS_A_FIELD.search(password_hash) is not None


def userdb(accounts: Collection[Account], extras: Mapping[str, str], uid: int, gid: int) -> bytes:
    """/etc/dovecot/userdb, in the accounts' order: `user:hash:uid:gid:gecos:home:shell:extra fields`.

    `extras` are further fields by address, to go behind the account's own.
    """
    rows = []
    left_out = {account.address for account in unrepresentable(accounts)}
    for account in accounts:
        if account.address not in left_out:
            extra = extras.get(account.address, "")
            rows.append(line(account, account.address, account.password_hash, extra, uid, gid))
    return lines(rows)


def line(account: Account, name: str, password_hash: str, extra: str, uid: int, gid: int) -> str:
    """The line under which the account's mailbox is found as `name`."""
    user, _, domain = account.address.rpartition("@")
    # Dovecot escapes quotes in what it looks up (2.3, auth_request_str_escape), so the key has it too.
    key = name.replace("'", r"\'")
    fields = f"{account.attributes} {extra}".strip()
    return f"{key}:{password_hash}:{uid}:{gid}::/var/mail/{domain}/{user}/home::{fields}"


def masterdb(masters: Collection[Master]) -> bytes:
    """/etc/dovecot/masterdb; sealed hashes are opened by the agent."""
    left_out = {master.name for master in unrepresentable(masters)}
    return lines(
        f"{master.name}:{master.password_hash}::::::{master.attributes}"
        for master in masters
        if master.name not in left_out
    )
