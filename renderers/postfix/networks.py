"""PERMIT_DOCKER: whose mail is relayed without a login. What only the node knows stands in braces
(docs/agent.md), and the agent fills it in."""

from __future__ import annotations

from controlplane.model import State

_LOOPBACK = "127.0.0.0/8 [::1]/128"
_DOCKER = "172.16.0.0/12"
"""Where Docker makes its networks by default."""


def mynetworks(state: State) -> str:
    """The value of mynetworks; empty for `none`, which trusts nobody, not even programs in the container."""
    interface = state.settings.network_interface
    added = {
        "none": "",
        "container": f"{{net:container:{interface}}}",
        "host": f"{{net:host:{interface}}}",
        "network": _DOCKER,
        "connected-networks": "{net:connected}",
    }[state.settings.permit_docker]
    return f"{_LOOPBACK} {added}" if added else ""


def is_filled(state: State) -> bool:
    """Whether the value has placeholders for the agent to fill in."""
    return "{" in mynetworks(state)
