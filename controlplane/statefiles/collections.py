"""The files of `main` that hold many things of one kind, one per line.

To add one: its field in `Desired`, a line in `COLLECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.model import Desired, Master
from controlplane.statefiles import access, accounts, aliases, masters, quotas, regexps, relay
from controlplane.statefiles.tables import Table

Entries = Callable[[str], Iterator[tuple[str, list[int]]]]


@dataclass(frozen=True)
class Collection:
    """A kind of thing: its file, its noun, and its format.

    `kind` is how the kinds of its events begin; `ordered` says whether the order of the lines means
    something. `entries` finds the things in a text, `line` writes one.
    """

    field: str
    path: str
    noun: str
    nouns: str
    kind: str
    entries: Entries
    line: Callable[[str, Any], str]
    ordered: bool = False

    def rows(self, desired: Desired) -> Mapping[str, Any]:
        """The things of this kind in a state, by name."""
        rows: Mapping[str, Any] = getattr(desired, self.field)
        return rows

    def line_of(self, text: str, name: str) -> int:
        """The line (from 1) on which a thing starts; 0 if there is none with this name."""
        return next((numbers[0] + 1 for key, numbers in self.entries(text) if key == name), 0)


def _of_table(field: str, table: Table[Any], noun: str, nouns: str, kind: str) -> Collection:
    def line(name: str, row: Any) -> str:
        if isinstance(row, Master):
            row = "|".join([row.password_hash, row.attributes] if row.attributes else [row.password_hash])
        return table.line(name, row)

    return Collection(field, table.path, noun, nouns, kind, table.entries, line)


def _targets(name: str, row: Any) -> str:
    return f"{name} {','.join(row.targets)}"


COLLECTIONS: tuple[Collection, ...] = (
    Collection(
        "accounts",
        accounts.PATH,
        "account",
        "accounts",
        "account.",
        accounts.entries,
        lambda _, row: accounts.line(row),
        ordered=True,
    ),
    Collection("aliases", aliases.PATH, "alias", "aliases", "alias.", aliases.entries, _targets),
    Collection(
        "regexps",
        regexps.PATH,
        "expression",
        "regular expressions",
        "regexp.",
        regexps.entries,
        _targets,
        ordered=True,
    ),
    _of_table("quotas", quotas.TABLE, "quota of", "quotas", "quota."),
    _of_table("masters", masters.TABLE, "master account", "master accounts", "master."),
    _of_table("relay_routes", relay.ROUTES, "relay host for", "relay hosts", "relay.route_"),
    _of_table(
        "relay_credentials", relay.CREDENTIALS, "relay login for", "relay logins", "relay.credentials_"
    ),
    _of_table("send_access", access.SEND, "restriction of", "restrictions of senders", "access.send_"),
    _of_table(
        "receive_access", access.RECEIVE, "restriction of", "restrictions of recipients", "access.receive_"
    ),
)
