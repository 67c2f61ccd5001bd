"""Rspamd's part in the mail flow."""

from __future__ import annotations

from controlplane.model import State
from renderers.hops import Milter, loopback

MILTER_PORT = 11332


def milter(state: State) -> Milter | None:
    """Scans what comes in and what is sent."""
    if not state.settings.enable_rspamd:
        return None
    return Milter("rspamd", f"inet:{loopback(state)}:{MILTER_PORT}", local=True)
