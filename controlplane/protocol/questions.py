"""What is said of the log."""

from typing_extensions import TypedDict


class Projected(TypedDict):
    """How far questions can be answered from the file of the read model."""

    position: int
    """Of the last change set that can be read."""
    commit: str
    """Of that change set on `events`; empty for an empty log."""
    current: bool
    """Whether the file has it all; else it takes longer to make it so, and nobody waits."""
    unreadable: str
    """Why the log before some change set cannot be read, or empty."""


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
