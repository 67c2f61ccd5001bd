"""The passwd-file that both logins and deliveries read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from controlplane.model import Account
from renderers.text import lines

_ENDS_A_FIELD = re.compile(r"[:\s]")


def unrepresentable(accounts: Collection[Account]) -> list[Account]:
    """Accounts whose line cannot stand in a passwd-file, where fields end at colons."""
    hashes = "".join([account.password_hash for account in accounts])
    if ":" not in hashes and len(hashes.split(maxsplit=1)) < 2 and hashes.strip() == hashes:
        return []
    return [account for account in accounts if _ENDS_A_FIELD.search(account.password_hash)]


def userdb(accounts: Collection[Account], scripts: Mapping[str, str], uid: int, gid: int) -> bytes:
    """/etc/dovecot/userdb, in the accounts' order: `user:hash:uid:gid:gecos:home:shell:extra fields`.

    `scripts` are the absolute paths of personal Sieve scripts that the administrator gave, by address.
    """
    ids = f"{uid}:{gid}"
    rows = []
    left_out = {account.address for account in unrepresentable(accounts)}
    for account in accounts:
        if account.address in left_out:
            continue
        user, _, domain = account.address.rpartition("@")
        extra = account.attributes
        if script := scripts.get(account.address):
            extra = f"{extra} userdb_sieve=file:{script}".lstrip()
        # Dovecot escapes quotes in what it looks up (2.3, auth_request_str_escape), so the key has it too.
        name = account.address.replace("'", r"\'")
        rows.append(f"{name}:{account.password_hash}:{ids}::/var/mail/{domain}/{user}/home::{extra}")
    return lines(rows)
