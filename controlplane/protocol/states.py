"""What is said of states: lists of what `main` holds, what it held, what differs."""

from typing import NotRequired

from typing_extensions import TypedDict

from controlplane.protocol.plans import EventRow


class AccountRow(TypedDict):
    """An account."""

    address: str
    aliases: list[str]
    """Aliases that lead to it."""
    used: NotRequired[int]
    """KiB of mail; this and the next two only where quotas are on and the agent answers."""
    limit: NotRequired[int | None]
    """KiB; null for none."""
    percent: NotRequired[int]
    """Of the limit that is used."""


class Accounts(TypedDict):
    """The accounts in the order of their file."""

    accounts: list[AccountRow]


class HashRow(TypedDict):
    """By which scheme the password of an account, or of a master account, is kept."""

    name: str
    """The address of an account, the name of a master account."""
    scheme: str
    """Such as `SHA512-CRYPT`; empty where the hash is sealed."""
    weak: bool
    refused: bool
    """Whether Dovecot 2.4 lets nobody in with it, unless `auth_allow_weak_schemes` is set."""


class Hashes(TypedDict):
    """The schemes of password hashes, never a hash, in the order of the files."""

    accounts: list[HashRow]
    masters: list[HashRow]


class AliasRow(TypedDict):
    """An alias."""

    alias: str
    targets: list[str]


class Aliases(TypedDict):
    """The aliases in the order of their file."""

    aliases: list[AliasRow]


class Masters(TypedDict):
    """The master accounts."""

    masters: list[str]
    """Their names."""


class Access(TypedDict):
    """Who is restricted, and how."""

    send: dict[str, str]
    """The action by address, for senders."""
    receive: dict[str, str]
    """The action by address, for recipients."""


class RegexpRow(TypedDict):
    """An alias by pattern."""

    pattern: str
    targets: list[str]


class Relay(TypedDict):
    """Where mail goes that is not for this server."""

    routes: dict[str, str]
    """The host by sender domain."""
    credentials: dict[str, str]
    """The user by sender or host; empty where it is sealed."""


class OverrideRow(TypedDict):
    """A file of `main` that services read as it is."""

    path: str
    bytes: int
    """Its size, in bytes."""
    blob: str
    """Its git object."""


class Said(TypedDict):
    """Everything that `main` says; no hash and no secret."""

    accounts: list[str]
    aliases: list[AliasRow]
    regexps: list[RegexpRow]
    settings: dict[str, str | None]
    """By name; null for a secret."""
    quotas: dict[str, str]
    """Size by address, such as `512M`."""
    masters: list[str]
    relay: Relay
    access: Access
    overrides: list[OverrideRow]


class Shown(Said):
    """Everything that `main` said at a revision, or that served then."""

    position: int
    """Of the change set; 0 before the first."""
    time: str
    """RFC 3339, UTC; empty before the first change set."""
    release: NotRequired[int]
    """With `live`: the release that served; 0 where none had."""
    since: NotRequired[str]
    """With `live`: since when, RFC 3339; empty where none had."""
    held: NotRequired[list[str]]
    """With `live`: files, and entries as `mailserver.env:NAME`, that stood at what served before."""


class Difference(TypedDict):
    """What differs between two revisions."""

    text: list[str]
    """Lines of the state's difference."""
    events: list[EventRow]
    """What leads from one to the other."""
    rendered: str
    """A unified diff of what services read, without files that not everybody may read."""
    different: bool


class Explained(TypedDict):
    """A setting and where its value comes from."""

    value: str | None
    """In effect; null for a secret."""
    given: str | None
    """As it is written; empty where it is not set, null for a secret."""
    source: str
    """`environment`, `main` or `default`."""
    overruled: str | None
    """What `main` says of one that the environment pins; null where it says nothing."""
    supported: bool


class Recipient(TypedDict):
    """Whom secrets are sealed for."""

    recipient: str
    """An age recipient."""
