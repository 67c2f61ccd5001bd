"""Who may not send, and who may not receive."""

from __future__ import annotations

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft


class _OfAccess(Event):
    address: str
    """An address, or another pattern of access(5); in lower case."""

    @property
    def subject(self) -> str:
        return self.address


class _AccessSet(_OfAccess):
    effect = "change"
    action: str
    """What is done with the mail: an action of access(5)."""
    old: str | None = None
    """What was done before, for people."""

    @property
    def detail(self) -> str:
        return f"{self.old} → {self.action}" if self.old else self.action


class SendAccessSet(_AccessSet):
    """Mail from an address gets a restriction of its own."""

    kind = "access.send_set"

    def apply(self, draft: Draft) -> None:
        draft.send_access[self.address] = self.action


class ReceiveAccessSet(_AccessSet):
    """Mail to an address gets a restriction of its own."""

    kind = "access.receive_set"

    def apply(self, draft: Draft) -> None:
        draft.receive_access[self.address] = self.action


class SendAccessRemoved(_OfAccess):
    """Mail from an address is no longer restricted."""

    kind = "access.send_removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.send_access.pop(self.address, None) is None:
            raise Corrupt(f"{self.kind}: {self.address} is not restricted")


class ReceiveAccessRemoved(_OfAccess):
    """Mail to an address is no longer restricted."""

    kind = "access.receive_removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.receive_access.pop(self.address, None) is None:
            raise Corrupt(f"{self.kind}: {self.address} is not restricted")
