"""Rspamd's part in the mail flow."""

from __future__ import annotations

from controlplane.model import State
from renderers.hops import Milter

MILTER_PORT = 11332


def milter(state: State) -> Milter | None:
    """Scans what comes in and what is sent."""
    if not state.settings.enable_rspamd:
        return None
    return Milter("rspamd", f"inet:{loopback(state)}:{MILTER_PORT}", local=True)


def loopback(state: State) -> str:
    """The address of the milter, among the protocols that Postfix may use.

    The name `localhost` has two, and Postfix would complain of the one without a listener.
    """
    return "[::1]" if state.settings.postfix_inet_protocols == "ipv6" else "127.0.0.1"
