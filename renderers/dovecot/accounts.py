"""The passwd-files that logins and deliveries read: accounts, and masters who log in as any of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import islice
from typing import TypeVar

from controlplane.model import Account, Master
from controlplane.ordered import differing_span
from renderers.tables import find_row
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


def update_userdb(
    content: bytes,
    before: Mapping[str, Account],
    after: Mapping[str, Account],
    extras: Mapping[str, str],
    uid: int,
    gid: int,
) -> bytes | None:
    """The same from what it was for the accounts `before`; None where a row cannot be found.

    `extras` are the same as before for each account that is the same.
    """
    start, gone, come = differing_span(before, after)
    following = next(islice(before, gone, gone + 1), None)
    end = len(content) if following is None else find_row(content, _key(following) + b":")
    first = next(islice(before, start, gone), None)
    begin = end if first is None else find_row(content, _key(first) + b":")
    if not 0 <= begin <= end:
        return None
    rows = userdb(list(islice(after.values(), start, come)), extras, uid, gid)
    return b"".join([content[:begin], rows, content[end:]])


def _key(name: str) -> bytes:
    # Dovecot escapes quotes in what it looks up (2.3, auth_request_str_escape), so the key has it too.
    return name.replace("'", r"\'").encode()


def line(account: Account, name: str, password_hash: str, extra: str, uid: int, gid: int) -> str:
    """The line under which the account's mailbox is found as `name`."""
    user, _, domain = account.address.rpartition("@")
    key = _key(name).decode()
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
