"""Whether a refusal concerns how the server comes to itself, and nobody else.

It comes from loopback, by a name and an address that no name server knows (RFC 2606, .invalid). A list of
clients or of strange names, or `unknown_hostname_reject_code = 550`, may refuse that and still serve people.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from agent.canary.steps import Ground
from services.postfix.answers import pairs
from services.postfix.tables import tables, words
from wire.canary import ADDRESS, DOMAIN

OWN_NAMES = re.compile(
    rf"<(?:{re.escape(DOMAIN)}|{re.escape(ADDRESS)})>: (?:Helo command|Sender address) rejected"
)
CLIENT = "Client host rejected"
CHECKS = ("check_client_access", "check_reverse_client_hostname_access")
LOOPBACK = ("127.0.0.1", "127.0.0", "127.0", "127", "localhost")
"""What access(5) looks up for a client on loopback."""
STRANGER = ("203.0.113.77", "client.example.net")
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
    ran = ground.runner(("postconf", "-nx"), DEADLINE)
    named = {table for _, value in pairs(ran.output) for table in _client_tables(value)}
    return any(
        _refuses(ground, table, LOOPBACK) and not _refuses(ground, table, STRANGER) for table in sorted(named)
    )


def _client_tables(value: str) -> Iterator[str]:
    check = ""
    for word in words(value):
        if check in CHECKS:
            yield from (str(table) for table in tables(word))
        check = word


def _refuses(ground: Ground, table: str, keys: tuple[str, ...]) -> bool:
    ran = (ground.runner(("postmap", "-q", key, table), DEADLINE) for key in keys)
    return any(not each.code and bool(REFUSES.match(each.output.strip())) for each in ran)
