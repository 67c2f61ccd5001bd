"""What became of a change: the words of the log's questions and answers."""

from __future__ import annotations

from enum import StrEnum


class ChangeOutcome(StrEnum):
    """Whether a change came to serve. The read model keeps the place in this order: add at the end alone."""

    PENDING = "pending"
    """No release with it was tried yet."""
    SERVED = "served"
    """A release with it served."""
    REJECTED = "rejected"
    """The release with it failed before anything was changed."""
    ROLLED_BACK = "rolled_back"
    """The release with it failed, and what served before was put back."""
    HELD = "held"
    """It is held back on the node, because it failed before or came with what did."""
    SUPERSEDED = "superseded"
    """A later change overrode it before it served."""
