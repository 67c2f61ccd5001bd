"""Postgrey's part in the mail flow."""

from __future__ import annotations

from controlplane.model import State
from renderers.hops import Policy, loopback

PORT = 10023


def policy(state: State) -> Policy | None:
    """Defers the first message of an unknown client, sender and recipient."""
    return Policy(f"inet:{loopback(state)}:{PORT}") if state.settings.enable_postgrey else None
