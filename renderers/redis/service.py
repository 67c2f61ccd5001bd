"""The Redis that Rspamd keeps its statistics in."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import Action, Complaint, Probe, ProbeKind, RenderedFile
from renderers.text import fill

PORT = 6379


class Redis:
    """On loopback only, kept in the state volume."""

    name = "redis"

    def programs(self, state: State) -> tuple[str, ...]:
        """Runs unless somebody brings another Redis."""
        enabled = state.settings.enable_rspamd and state.settings.enable_rspamd_redis
        return ("rspamd-redis",) if enabled else ()

    def render(self, state: State) -> Iterable[RenderedFile]:
        """redis.conf, which Redis reads at its start only."""
        if self.programs(state):
            text = fill("redis/templates/redis.conf", port=PORT)
            yield RenderedFile("etc/redis/redis.conf", text.encode(), Action.RESTART)

    def probes(self, state: State) -> tuple[Probe, ...]:
        """PING."""
        return (Probe("redis", ProbeKind.REDIS, PORT),) if self.programs(state) else ()

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Nothing to refuse."""
        return ()
