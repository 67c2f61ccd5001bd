"""What is said of the log."""

from typing_extensions import TypedDict


class EntryRow(TypedDict):
    """An event of the log."""

    position: int
    """Of its change set."""
    time: str
    """Of the clock, RFC 3339, UTC."""
    kind: str
    """Such as `account.added`."""
    effect: str
    """`add`, `change`, `remove` or `report`."""
    subject: str
    """What it happened to: an address, a name, a path."""
    detail: str
    """In words, without secrets."""
    actor: str
    """Who asked for it."""
    source: str
    """By which way it came: `push`, `setup`, `mailctl`, `agent` …"""
    author: str
    """Who wrote the commit, where somebody else pushed it."""
    reason: str
    """At most 4,000 characters."""
    release: int
    """The first that holds it; 0 for none."""
    outcome: str
    """`served`, `rejected`, `rolled_back`, `held`, `superseded` or `pending`; empty for a report."""
    outcome_time: str
    """RFC 3339; empty where it is pending."""
    outcome_reason: str
    """Why it does not serve."""
    clock: str
    """`ahead` or `behind` where its time does not fit that of its neighbours."""
    live: str
    """When it first served, RFC 3339; empty where it never did."""


class Entries(TypedDict):
    """Events of the log."""

    entries: list[EntryRow]
    """The newest last."""


class Verified(TypedDict):
    """What a replay of the log found."""

    ok: bool
    positions: int
    """Change sets that were read."""
    events: int
    """Events that were folded."""
    blobs: int
    """Different files of all releases that were read and hashed."""
    seconds: float
    """How long it took."""
    findings: list[str]
    """Lines that say what is wrong, and where."""
