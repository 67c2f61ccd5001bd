"""Through which host the mail of a sender leaves, and with which credentials."""

from __future__ import annotations

from pydantic import Field

from controlplane.errors import Corrupt
from controlplane.events.base import Event
from controlplane.model import Draft


class _OfRoute(Event):
    sender: str
    """`@domain` or an address, in lower case."""

    @property
    def subject(self) -> str:
        return self.sender


class RelayRouteSet(_OfRoute):
    """Mail of a sender is relayed through its own host or, without one, sent directly."""

    kind = "relay.route_set"
    effect = "change"
    host: str
    """`[host]:port`; empty for a sender that is excluded from relaying."""

    @property
    def detail(self) -> str:
        return f"→ {self.host or 'directly, without a relay host'}"

    def apply(self, draft: Draft) -> None:
        draft.relay_routes[self.sender] = self.host


class RelayRouteRemoved(_OfRoute):
    """Mail of a sender takes the default route again."""

    kind = "relay.route_removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.relay_routes.pop(self.sender, None) is None:
            raise Corrupt(f"{self.kind}: {self.sender} has no relay host of its own")


class _OfCredentials(Event):
    key: str
    """A sender, or a relay host as it is written where it is used."""

    @property
    def subject(self) -> str:
        return self.key


class RelayCredentialsSet(_OfCredentials):
    """The credentials for a sender or a relay host were set or changed."""

    kind = "relay.credentials_set"
    effect = "change"
    credentials: str = Field(repr=False)
    """`user:password`, the password in the clear only where that is allowed, else sealed (`age:…`)."""
    user: str = ""
    """The login's name, for people; empty where it is sealed too."""

    @property
    def detail(self) -> str:
        return f"as {self.user}" if self.user else ""

    def apply(self, draft: Draft) -> None:
        draft.relay_credentials[self.key] = self.credentials


class RelayCredentialsRemoved(_OfCredentials):
    """The credentials for a sender or a relay host were removed."""

    kind = "relay.credentials_removed"
    effect = "remove"

    def apply(self, draft: Draft) -> None:
        if draft.relay_credentials.pop(self.key, None) is None:
            raise Corrupt(f"{self.kind}: there are no credentials for {self.key}")
