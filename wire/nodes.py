"""Names of nodes, which the control plane and the agents have to agree on."""

from __future__ import annotations

DEFAULT_NODE = "mail"
"""The node of a single container: in events, in each report of its agent, and as its folder on `rendered`."""
