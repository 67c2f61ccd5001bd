"""References to lookup tables in Postfix's parameters (DATABASE_README, postconf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from wire.manifest import TABLES

INDEXED = dict(TABLES.values())
"""Table type to the ending of the file that is read."""
TEXTS = frozenset(["texthash", "regexp", "pcre", "cidr"])
CLIENTS = frozenset(["ldap", "mysql", "pgsql", "sqlite", "memcache"])
"""Types whose file says where to ask."""
COMBINED = frozenset(["unionmap", "pipemap"])
"""Types that are made of other tables (DATABASE_README)."""
NOT_TABLES = frozenset(
    [
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
        "dev",
        "egd",
        "private",
        "public",
    ]
)
_TABLE = re.compile(r"!?(?P<proxied>(?:proxy:)*)(?P<kind>[a-z][a-z0-9]*):(?P<place>.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Table:
    """A reference `type:name`; `place` is a path, or what the type takes in its place."""

    kind: str
    place: str
    proxied: bool = False
    """Whether proxymap(8) opens it, by its own rights."""
    asked_for: bool = False
    """Whether proxymap(8) is asked for it by name, rather than for a table that is made of it."""

    def __str__(self) -> str:
        """As Postfix names it, without `proxy:`."""
        return f"{self.kind}:{self.place}"

    @property
    def file(self) -> str:
        """The file that it is read from; "" for a type without one, and for rules in the value itself."""
        if self.place.startswith("{"):
            return ""
        if self.kind in TEXTS | CLIENTS:
            return self.place
        return self.place + INDEXED[self.kind] if self.kind in INDEXED else ""


def words(value: str) -> Iterator[str]:
    """Words between blanks and commas; a group in braces is part of its word (postconf(5))."""
    word, depth = "", 0
    for sign in value:
        depth += (sign == "{") - (sign == "}")
        if depth <= 0 and (sign.isspace() or sign == ","):
            if word:
                yield word
            word, depth = "", 0
        else:
            word += sign
    if word:
        yield word


def group(word: str) -> str | None:
    """What stands between the braces of a word that is a group; None for another word."""
    return word[1:-1].strip() if word.startswith("{") and word.endswith("}") else None


def tables(value: str, proxied: bool = False) -> Iterator[Table]:
    """Every word of a value that has the form of a table, and the tables that one is made of."""
    for word in words(value):
        inner = group(word)
        if inner is not None:
            yield from tables(inner, proxied)
        elif match := _TABLE.match(word):
            own = bool(match["proxied"])
            table = Table(match["kind"], match["place"], proxied or own, own)
            yield table
            if table.kind in COMBINED:
                yield from tables(group(table.place) or "", table.proxied)
