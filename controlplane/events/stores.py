"""What the server did to its own stores: a branch, a record or a file that was lost or damaged."""

from __future__ import annotations

from controlplane.events.base import Event
from controlplane.model import Draft


class StoreRepaired(Event):
    """A part of the state volume was lost or damaged, and was restored from the other parts."""

    kind = "store.repaired"
    effect = "report"
    part: str
    """`main`, `events`, `rendered`, `snapshot`, `readmodel`, `identity`, `agent`, `owners`, …"""
    how: str
    """What was wrong, and from what it was put back."""

    @property
    def subject(self) -> str:
        return self.part

    @property
    def detail(self) -> str:
        return self.how

    def apply(self, draft: Draft) -> None:
        """Nothing changes: the state is what it was."""
