"""What a service can add to a message's path through Postfix.

A service that does defines it in its own `hops.py`: pure functions of the state, each giving one of these
values, or None where the service takes no part. `renderers.mailflow` says in which order they apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from controlplane.model import State

T = TypeVar("T")
Hop = Callable[[State], T | None]
"""A contribution as a function of the state."""


def loopback(state: State) -> str:
    """The loopback address at which Postfix reaches other services, in a protocol that it may use.

    The name `localhost` has two addresses, and Postfix would complain of the one without a listener.
    """
    return "[::1]" if state.settings.postfix_inet_protocols == "ipv6" else "127.0.0.1"


def listening(state: State) -> tuple[str, ...]:
    """The loopback addresses at which such a service listens: that of Postfix, and 127.0.0.1 for probes."""
    return tuple(dict.fromkeys(("127.0.0.1", loopback(state))))


class Policy(NamedTuple):
    """A policy service (SMTPD_POLICY_README), asked on port 25 for each recipient that relaying allows."""

    endpoint: str
    """As check_policy_service takes it (postconf(5))."""
    name: str = ""
    """Of its restriction class and table, where it is asked about some recipients only."""
    recipients: Callable[[State], Iterable[str]] | None = None
    """Finds whom it is asked about; None for everybody."""


class Milter(NamedTuple):
    """A filter that sees messages while they come in (MILTER_README)."""

    name: str
    """main.cf holds its endpoint as `<name>_milter`, so that people can name it in lists of their own."""
    endpoint: str
    """As smtpd_milters takes it (postconf(5))."""
    local: bool
    """Whether it also sees mail that does not arrive by SMTP, such as that of sendmail(1)."""


class ContentFilter(NamedTuple):
    """A filter that queued messages pass through before delivery (FILTER_README)."""

    destination: str
    """As content_filter takes it (postconf(5))."""


class Maps(NamedTuple):
    """Lookup tables for one parameter of main.cf, asked after those of earlier rows."""

    parameter: str
    tables: tuple[str, ...]


class MasterService(NamedTuple):
    """A process that Postfix runs for a service, such as one under spawn(8) or pipe(8)."""

    entry: str
    """The lines of master.cf (master(5)), without the newline of the last."""
