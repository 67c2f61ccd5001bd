"""Whether a refusal concerns how the server comes to itself, or one person, and nobody else.

It comes from loopback, by a name and an address that no name server knows (RFC 2606, .invalid). A list of
clients or of strange names, or `unknown_hostname_reject_code = 550`, may refuse that and still serve people.
Nor does a list that names one recipient concern the others.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Sequence

from agent.canary.steps import Ground
from services.postfix.answers import pairs
from services.postfix.tables import tables, words
from wire.canary import ADDRESS, DOMAIN

OWN_NAMES = re.compile(
    rf"<(?:{re.escape(DOMAIN)}|{re.escape(ADDRESS)})>: (?:Helo command|Sender address) rejected"
)
CLIENT = "Client host rejected"
TO_RECIPIENT = "Recipient address rejected"
CLIENT_CHECKS = ("check_client_access", "check_reverse_client_hostname_access")
RECIPIENT_CHECKS = ("check_recipient_access",)
LOOPBACK = ("127.0.0.1", "127.0.0", "127.0", "127", "localhost")
"""What access(5) looks up for a client on loopback."""
STRANGER = ("203.0.113.77", "client.example.net")
PUBLIC = "198.41.0.4"
"""Of a root name server: in no list of addresses that nobody may come from."""
REFUSES = re.compile(r"(?i)(?:reject|defer|[45]\d\d)\b")
NO_ROOM = "452 4.3.1"
QUEUE = "var/spool/postfix"
ROOM = 256 * 1024 * 1024
"""Bytes; by default smtpd(8) asks for one and a half times the largest message, 15 MB."""
DEADLINE = 2.0


def has_room(ground: Ground) -> bool:
    """Whether the queue has room for large messages; if so, it is the configuration that finds none."""
    try:
        free = os.statvfs(ground.root / QUEUE)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize > ROOM


def loopback_is_named(ground: Ground) -> bool:
    """Whether a table of clients refuses loopback, and would not refuse a stranger. Raises nothing."""
    return _named(ground, CLIENT_CHECKS, LOOPBACK, STRANGER)


def client_is_named(ground: Ground, address: str) -> bool:
    """Whether a table of clients refuses an address of a private network, and none that is public."""
    parts = address.split(".")
    keys = [".".join(parts[:number]) for number in range(len(parts), 0, -1)]
    return _named(ground, CLIENT_CHECKS, keys, (PUBLIC,))


def is_named(ground: Ground, recipient: str) -> bool:
    """Whether a table of recipients refuses this one, and would not refuse its neighbours. Raises nothing."""
    local, _, domain = recipient.rpartition("@")
    nobody = uuid.uuid4().hex
    neighbour = (f"{nobody}@{domain}", f"{nobody}@")
    return _named(ground, RECIPIENT_CHECKS, (recipient, f"{local}@"), neighbour)


def _named(ground: Ground, checks: Sequence[str], keys: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a table of these restrictions refuses one of the keys and none of the others."""
    ran = [ground.runner(("postconf", option), DEADLINE) for option in ("-nx", "-Px")]
    rows = (row for each in ran for row in pairs(each.output))
    named = {table for _, value in rows for table in _tables(value, checks)}
    return any(
        _refuses(ground, table, keys) and not _refuses(ground, table, others) for table in sorted(named)
    )


def _tables(value: str, checks: Sequence[str]) -> Iterator[str]:
    check = ""
    for word in words(value):
        if check in checks:
            yield from (str(table) for table in tables(word))
        check = word


def _refuses(ground: Ground, table: str, keys: Sequence[str]) -> bool:
    ran = (ground.runner(("postmap", "-q", key, table), DEADLINE) for key in keys)
    return any(not each.code and bool(REFUSES.match(each.output.strip())) for each in ran)
