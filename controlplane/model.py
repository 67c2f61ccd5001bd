"""The state of a mail server: immutable values without effects.

`Desired` is what `main` says, `Observed` is what nodes report and what rendering needs to know of the
running container. A `State` is the fold of the event log (docs/architecture.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from controlplane.ordered import OrderedDraft, differing
from controlplane.password_schemes import weak_schemes
from controlplane.settings import Settings
from wire.blobs import blob_id
from wire.nodes import DEFAULT_NODE


@dataclass(frozen=True, slots=True)
class Account:
    """One line of postfix-accounts.cf: a mailbox and its login. `address` is in lower case."""

    address: str
    password_hash: str
    attributes: str = ""

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Alias:
    """One line of postfix-virtual.cf: mail for `source` (an address, or @domain) goes to `targets`."""

    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegexpAlias:
    """One line of postfix-regexp.cf; `pattern` is as written: delimiters and flags included."""

    pattern: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Master:
    """One line of dovecot-masters.cf: who may log in as everybody. `name` is in lower case.

    `password_hash` is as Dovecot stores it, or sealed (`age:…`).
    """

    name: str
    password_hash: str = field(repr=False)
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A file below config/ that is kept verbatim. `path` is relative to config/, with forward slashes."""

    path: str
    content: bytes = field(repr=False)
    executable: bool = False

    @property
    def blob(self) -> str:
        """Git's object id of the content."""
        return blob_id(self.content)


@dataclass(frozen=True, slots=True)
class Pin:
    """A setting that the container's environment holds fixed.

    `value` is None for a secret, whose keyed `digest` only tells whether it changed.
    """

    name: str
    value: str | None
    digest: str = ""

    @property
    def text(self) -> str:
        """The value as settings take it; of a secret, a placeholder that the agent replaces."""
        return f"env:{self.name}:{self.digest}" if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that the node has seen and can serve. Times are RFC 3339 in UTC."""

    slot: str
    fingerprint: str
    names: tuple[str, ...]
    serial: str
    not_before: str
    not_after: str
    issuer: str
    made_here: bool = False
    chain: str = ""
    """SHA-256 of the chain in PEM as it is served, hex: the same leaf may come with other issuers."""
    key: str = ""
    """Algorithm and size, such as `RSA 2048` or `ECDSA P-256`."""
    source: str = ""
    """Where the node read it: a path, for Traefik's store with the name in it."""

    @property
    def identity(self) -> str:
        """The key under which the node keeps the pair."""
        return self.chain or self.fingerprint


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What is known about a node; `applied` and `attempted` are numbers of releases, 0 for none yet."""

    node: str
    hostname: str = ""
    applied: int = 0
    attempted: int = 0
    suspended: bool = False
    failure: str = ""
    drifted: tuple[str, ...] = ()
    overmounted: tuple[str, ...] = ()
    """Managed files that something is mounted over."""
    patched: tuple[str, ...] = ()
    """What user-patches.sh made of managed files: path, mode and blob id each."""
    patch_failure: str = ""
    held: tuple[str, ...] = ()
    """Files of `main`, and entries of them (`mailserver.env:NAME`), whose last good content serves."""
    renderer: str = ""
    """The version of the image that renders; empty where the log does not say."""
    newest_renderer: str = ""
    """The newest version that ever did."""
    daemons: tuple[str, ...] = ()
    """The versions of the image's daemons, `postfix 3.7.11` each."""
    rendered: str = ""
    """Git's id of what the image rendered first."""
    renderer_refused: tuple[str, ...] = ()
    """A version that could not render the state, and why."""


@dataclass(frozen=True)
class Desired:
    """Everything that `main` says. The order of accounts and of regular expressions matters."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    regexps: Mapping[str, RegexpAlias] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    quotas: Mapping[str, str] = field(default_factory=dict)
    """Size limits of mailboxes by address: digits and one of B, k, M, G, T (KiB without); 0 for none."""
    masters: Mapping[str, Master] = field(default_factory=dict)
    relay_routes: Mapping[str, str] = field(default_factory=dict)
    """Where mail of a sender (`@domain` or address) goes: `[host]:port`, empty for directly."""
    relay_credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`user:password` by sender or by relay host; the password may be sealed (`age:…`)."""
    send_access: Mapping[str, str] = field(default_factory=dict)
    """What is done with mail from an address: an action of access(5), such as REJECT."""
    receive_access: Mapping[str, str] = field(default_factory=dict)
    """What is done with mail to an address."""

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains that have mailboxes."""
        return frozenset(self.account_counts)

    @cached_property
    def alias_domains(self) -> frozenset[str]:
        """The domains that have aliases."""
        return frozenset(self.alias_counts)

    @cached_property
    def account_counts(self) -> Mapping[str, int]:
        """How many accounts each domain has."""
        return Counter(map(_domain, self.accounts))

    @cached_property
    def alias_counts(self) -> Mapping[str, int]:
        """How many aliases each domain has."""
        return Counter(_alias_domains(self.aliases))

    @cached_property
    def weak_counts(self) -> Mapping[str, int]:
        """How many accounts have a hash of each weak scheme (controlplane/password_schemes.py)."""
        return Counter(_weak_schemes(self.accounts))

    @cached_property
    def attributed(self) -> Mapping[str, Account]:
        """The accounts that have attributes, in no order."""
        return _FOUND["attributed"](self.accounts)

    @cached_property
    def oddly_named(self) -> Mapping[str, Account]:
        """The accounts whose names have more than letters, digits and `COMMON_SIGNS`, in no order."""
        return _FOUND["oddly_named"](self.accounts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Desired):
            return NotImplemented
        return (
            all(getattr(self, part.name) == getattr(other, part.name) for part in fields(self))
            and list(self.accounts) == list(other.accounts)
            and list(self.regexps) == list(other.regexps)
        )

    __hash__ = None  # type: ignore[assignment]  # its parts are mappings


@dataclass(frozen=True)
class Observed:
    """What the running container reports: pins, certificates, outcomes."""

    pins: Mapping[str, Pin] = field(default_factory=dict)
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    nodes: Mapping[str, NodeStatus] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """The fold of the log up to some position, as one of the nodes sees it."""

    desired: Desired = field(default_factory=Desired)
    observed: Observed = field(default_factory=Observed)
    node: str = DEFAULT_NODE
    """The node whose host name and status these are."""

    def seen_from(self, node: str) -> State:
        """The same state from the view of another node."""
        return self if node == self.node else replace(self, node=node)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes to render for: those that reported, before the first report this one."""
        return tuple(sorted(self.observed.nodes)) or (self.node,)

    @cached_property
    def settings(self) -> Settings:
        """The effective settings: pinned by the environment, else from `main`, else the default."""
        pinned = {pin.name: pin.text for pin in self.observed.pins.values()}
        return Settings.resolve({**self.desired.settings, **pinned}, hostname=self.hostname)

    @property
    def status(self) -> NodeStatus:
        """What the node reported; an empty status before its first report."""
        return self.observed.nodes.get(self.node) or NodeStatus(self.node)

    @property
    def hostname(self) -> str:
        """The fully qualified name of the node; empty until it reported."""
        return self.status.hostname


def daemon_rows(daemons: Mapping[str, str]) -> tuple[str, ...]:
    """Versions of daemons as a state keeps them, in the order of their names."""
    return tuple(f"{name} {version}" for name, version in sorted(daemons.items()))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


Accounts = Mapping[str, Account]
COMMON_SIGNS = ".-_"
_ODD = re.compile(rf"[^@A-Za-z0-9{re.escape(COMMON_SIGNS)}\n]+[^@\n]*@")


def _attributed(accounts: Accounts) -> dict[str, Account]:
    return {address: account for address, account in accounts.items() if account.attributes}


def _oddly_named(accounts: Accounts) -> dict[str, Account]:
    if not _ODD.search("\n".join(accounts)):  # one search rules out most
        return {}
    return {address: account for address, account in accounts.items() if _ODD.search(address)}


_FOUND: Mapping[str, Callable[[Accounts], dict[str, Account]]] = {
    "attributed": _attributed,
    "oddly_named": _oddly_named,
}


def _alias_domains(aliases: Mapping[str, Alias]) -> list[str]:
    return [_domain(source) for source in aliases if "@" in source]


def _weak_schemes(accounts: Accounts) -> list[str]:
    return weak_schemes(account.password_hash for account in accounts.values())


_COUNTS: tuple[tuple[str, str, Callable[[Mapping[str, Any]], list[str]]], ...] = (
    ("account_counts", "accounts", lambda accounts: list(map(_domain, accounts))),
    ("alias_counts", "aliases", _alias_domains),
    ("weak_counts", "accounts", _weak_schemes),
)
"""What is counted, of which table, and the keys that some of its rows are counted under."""


def _exchanged(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of either that are not the very same in the other: between two changes most are."""
    gone, come = differing(old, new)
    return (
        {key: row for key, row in gone.items() if come.get(key) is not row},
        {key: row for key, row in come.items() if gone.get(key) is not row},
    )


def count_on(old: Desired, new: Desired) -> Desired:
    """`new` itself, with what was counted and found in `old` brought on at the cost of what differs."""
    tables = {table for name, table, _ in _COUNTS if name in vars(old)}
    tables |= {"accounts"} if not _FOUND.keys().isdisjoint(vars(old)) else set()
    rows = {table: _exchanged(getattr(old, table), getattr(new, table)) for table in tables}
    for name, table, keys in _COUNTS:
        if name in vars(old):
            gone, come = rows[table]
            counts = Counter(vars(old)[name])
            counts.subtract(keys(gone))
            counts.update(keys(come))
            vars(new)[name] = +counts
    for name, find in _FOUND.items():
        if name in vars(old):
            gone, come = rows["accounts"]
            kept = {address: row for address, row in vars(old)[name].items() if address not in gone}
            vars(new)[name] = kept | find(come)
    return new


class Draft:
    """A state under construction: events change it, `freeze` gives the new State.

    A table is copied when it is first touched; what nobody touched is the same object in the new state.
    """

    accounts: OrderedDraft[Account]
    aliases: dict[str, Alias]
    regexps: OrderedDraft[RegexpAlias]
    settings: dict[str, str]
    overrides: dict[str, Override]
    quotas: dict[str, str]
    masters: dict[str, Master]
    relay_routes: dict[str, str]
    relay_credentials: dict[str, str]
    send_access: dict[str, str]
    receive_access: dict[str, str]
    pins: dict[str, Pin]
    certificates: dict[str, Certificate]
    nodes: dict[str, NodeStatus]

    def __init__(self, state: State) -> None:
        self._state = state

    def __getattr__(self, name: str) -> Any:
        """The copy of a table, made now."""
        if name not in Draft.__annotations__:
            raise AttributeError(name)
        source = self._state.desired if name in _DESIRED else self._state.observed
        rows = getattr(source, name)
        copy = OrderedDraft(rows) if name in _ORDERED else dict(rows)
        setattr(self, name, copy)
        return copy

    def update_node(self, name: str, **changes: object) -> None:
        """Change fields of a node's status, adding the node if it is new."""
        self.nodes[name] = replace(self.nodes.get(name) or NodeStatus(name), **changes)  # type: ignore[arg-type]

    def freeze(self) -> State:
        """The finished, immutable state."""
        old = self._state
        tables = {name: rows for name, rows in vars(self).items() if name != "_state"}
        changed = {
            name: rows.freeze() if isinstance(rows, OrderedDraft) else rows for name, rows in tables.items()
        }
        desired = {name: rows for name, rows in changed.items() if name in _DESIRED}
        observed = {name: rows for name, rows in changed.items() if name not in _DESIRED}
        new = State(
            count_on(old.desired, replace(old.desired, **desired)) if desired else old.desired,
            replace(old.observed, **observed) if observed else old.observed,
        )
        if "settings" in vars(old) and old.node == new.node and tables.keys().isdisjoint(_RESOLVED):
            vars(new)["settings"] = old.settings
        return new


_DESIRED = frozenset(part.name for part in fields(Desired))
_RESOLVED = frozenset({"settings", "pins", "nodes"})
"""Tables that the effective settings follow from."""
_ORDERED = frozenset({"accounts", "regexps"})
