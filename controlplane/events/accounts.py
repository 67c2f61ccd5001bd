"""Mail accounts."""

from __future__ import annotations

from pydantic import Field

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Account, Draft


class _OfAccount(Event):
    address: str
    """The mail address, in lower case."""

    @property
    def subject(self) -> str:
        return self.address

    def _must_exist(self, draft: Draft) -> None:
        if self.address not in draft.accounts:
            raise Corrupt(f"{self.kind}: there is no account {self.address}")


class AccountAdded(_OfAccount):
    """An account was added."""

    kind = "account.added"
    effect = "add"
    password_hash: str = Field(repr=False)
    """The password as Dovecot stores it: `{SCHEME}hash`."""
    attributes: str = ""
    """Extra userdb fields behind the second bar."""
    after: str | None = None
    """The account it stands behind in the file; None for the end, empty for the start."""

    def apply(self, draft: Draft) -> None:
        if self.address in draft.accounts:
            raise Corrupt(f"{self.kind}: {self.address} is there already")
        draft.accounts.put(self.address, Account(self.address, self.password_hash, self.attributes))
        if self.after is not None:
            draft.accounts.place(self.address, self.after)


class AccountChanged(_OfAccount):
    """The password or the attributes of an account changed."""

    kind = "account.changed"
    effect = "change"
    password_hash: str = Field(repr=False)
    attributes: str = ""
    what: str = "password"
    """Which part changed, for people: `password`, `attributes` or both."""

    @property
    def detail(self) -> str:
        return self.what

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.accounts.put(self.address, Account(self.address, self.password_hash, self.attributes))


class AccountMoved(_OfAccount):
    """An account moved to another place in the file."""

    kind = "account.moved"
    effect = "change"
    after: str
    """The account it now stands behind; empty for the start."""

    @property
    def detail(self) -> str:
        return f"behind {self.after}" if self.after else "to the start"

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.accounts.place(self.address, self.after)


class AccountRemoved(_OfAccount):
    """An account was removed; its mail stays on disk unless it was deleted too."""

    kind = "account.removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        self._must_exist(draft)
        draft.accounts.remove(self.address)
