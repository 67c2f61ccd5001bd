"""Size limits of mailboxes."""

from __future__ import annotations

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft


class _OfQuota(Event):
    address: str
    """The account, in lower case."""

    @property
    def subject(self) -> str:
        return self.address


class QuotaSet(_OfQuota):
    """The size limit of a mailbox was set or changed."""

    kind = "quota.set"
    effect = "change"
    limit: str
    """Digits and a unit, as written: `512M`."""
    old: str | None = None
    """What it was before, for people."""

    @property
    def detail(self) -> str:
        return f"{self.old} → {self.limit}" if self.old else self.limit

    def apply(self, draft: Draft) -> None:
        draft.quotas[self.address] = self.limit


class QuotaRemoved(_OfQuota):
    """A mailbox has the default limit again."""

    kind = "quota.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.quotas.pop(self.address, None) is None:
            raise Corrupt(f"{self.kind}: {self.address} has no quota of its own")
