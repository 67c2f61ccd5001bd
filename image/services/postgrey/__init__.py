"""Postgrey, which Postfix asks whether a sender should come back later."""

from __future__ import annotations

import re

from agent.canary.steps import Canary
from agent.health.logs import Log
from services.base import NodeService, Signal

POSTGREY = NodeService(
    "postgrey",
    areas=("etc/postgrey/",),
    reads=("etc/postgrey/",),
    canary=Canary(),
    reload=Signal("postgrey", "HUP"),  # postgrey(8): the white lists alone, so its arguments take a restart
    log=Log("var/log/supervisor/postgrey.log", re.compile(r"(.*(?:ERROR|[Cc]an't|Unmatched| in regex).*)")),
)
