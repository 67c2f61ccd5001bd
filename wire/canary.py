"""The address of the account with which the server tries itself: renderers route it, the node has it."""

from __future__ import annotations

DOMAIN = "git-mailserver.invalid"
"""In a top-level domain that nobody can have (RFC 2606 section 2): no message for it can leave the server."""
ADDRESS = f"canary@{DOMAIN}"
