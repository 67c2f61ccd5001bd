"""References to lookup tables in Postfix's parameters (DATABASE_README)."""

from __future__ import annotations

import re
from collections.abc import Iterator

INDEXED = {"lmdb": ".lmdb", "hash": ".db", "btree": ".db", "cdb": ".cdb"}
"""Table type to the ending of the file that is read; caches (postscreen, TLS sessions) are made on demand."""
TEXT_TABLES = ("texthash", "regexp", "pcre", "cidr", "ldap", "mysql", "pgsql", "sqlite")
NOT_TABLES = (
    "unix",
    "inet",
    "inet6",
    "local",
    "pass",
    "smtp",
    "lmtp",
    "relay",
    "error",
    "discard",
    "retry",
    "virtual",
    "pipe",
    "fifo",
    "file",
    "private",
    "public",
)
CACHES = ("/var/lib/postfix/", "/run/")
REFERENCE = re.compile(r"(?<![\w/:.\[-])(?:proxy:)?([a-z][a-z0-9]*):(/[^\s,{}\"']+)")


def references(value: str) -> Iterator[tuple[str, str]]:
    """(type, absolute path) of every table that a parameter's value names."""
    for kind, place in REFERENCE.findall(value):
        if not place.startswith(CACHES):
            yield kind, place
