"""Redis, which keeps what Rspamd learns."""

from __future__ import annotations

from agent.canary.steps import Canary
from services.base import NodeService

REDIS = NodeService("redis", areas=("etc/redis/",), reads=("etc/redis/",), canary=Canary())
