"""The path of a message through the server: who is asked about it and who filters it, in order.

Order has a meaning here, so these are tables to read from top to bottom. Each row is a pure function in
the folder of its service; Postfix's renderer prints what they give (postfix/flow.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from controlplane.model import State
from renderers.dovecot import hops as dovecot
from renderers.hops import ContentFilter, Hop, Maps, MasterService, Milter, Policy, T
from renderers.postgrey import hops as postgrey
from renderers.rspamd import hops as rspamd

POLICIES: tuple[Hop[Policy], ...] = (postgrey.policy, dovecot.quota_policy)
"""Asked one after the other for each recipient; the first refusal is final."""

MILTERS: tuple[Hop[Milter], ...] = (rspamd.milter,)
"""Each sees what the previous ones added, so signers and those that judge others' results come last."""

CONTENT_FILTERS: tuple[Hop[ContentFilter], ...] = ()
"""Postfix takes only one: the first that is enabled."""

MAPS: tuple[Hop[Maps], ...] = ()
"""Of rows with the same parameter, the tables are joined in this order."""

MASTER_SERVICES: tuple[Hop[MasterService], ...] = (dovecot.delivery_agent,)
"""Processes that Postfix runs on behalf of other services."""


class MailFlow(NamedTuple):
    """The rows that take part in one state."""

    policies: tuple[Policy, ...]
    milters: tuple[Milter, ...]
    content_filter: ContentFilter | None
    maps: tuple[Maps, ...]
    master_services: tuple[MasterService, ...]


def mail_flow(state: State) -> MailFlow:
    """Every table for this state."""
    return MailFlow(
        policies=_present(POLICIES, state),
        milters=_present(MILTERS, state),
        content_filter=next(iter(_present(CONTENT_FILTERS, state)), None),
        maps=_present(MAPS, state),
        master_services=_present(MASTER_SERVICES, state),
    )


def _present(hops: Iterable[Hop[T]], state: State) -> tuple[T, ...]:
    return tuple(found for hop in hops if (found := hop(state)) is not None)
