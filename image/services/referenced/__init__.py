"""Files of the config volume that other files name: they are read where they lie."""

from __future__ import annotations

from services.base import NodeService
from wire.config_folder import PLACE

REFERENCED = NodeService("referenced", areas=(f"{PLACE}/",))
