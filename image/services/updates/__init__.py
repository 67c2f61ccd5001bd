"""The check for a newer version of the image."""

from __future__ import annotations

from services.base import NodeService

UPDATES = NodeService("updates", areas=("etc/mailserver/update-check",))
