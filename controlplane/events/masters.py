"""Master accounts, which may log in as everybody."""

from __future__ import annotations

from pydantic import Field

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft, Master


class _OfMaster(Event):
    name: str
    """The name behind the `*` of a login, in lower case."""

    @property
    def subject(self) -> str:
        return self.name

    def _must_exist(self, draft: Draft) -> None:
        if self.name not in draft.masters:
            raise Corrupt(f"{self.kind}: there is no master account {self.name}")


class MasterAdded(_OfMaster):
    """A master account was added."""

    kind = "master.added"
    effect = "add"
    password_hash: str = Field(repr=False)
    """As Dovecot stores it, or sealed (`age:…`)."""
    attributes: str = ""

    def apply(self, draft: Draft) -> None:
        if self.name in draft.masters:
            raise Corrupt(f"{self.kind}: {self.name} is there already")
        draft.masters[self.name] = Master(self.name, self.password_hash, self.attributes)


class MasterChanged(_OfMaster):
    """The password or the attributes of a master account changed."""

    kind = "master.changed"
    effect = "change"
    password_hash: str = Field(repr=False)
    attributes: str = ""

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.masters[self.name] = Master(self.name, self.password_hash, self.attributes)


class MasterRemoved(_OfMaster):
    """A master account was removed."""

    kind = "master.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        del draft.masters[self.name]
