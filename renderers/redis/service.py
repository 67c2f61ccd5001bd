"""The Redis that Rspamd keeps its statistics in."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import Plain, RenderedFile
from renderers.text import fill
from wire.manifest import Action, Probe, ProbeKind

PORT = 6379


class Redis(Plain):
    """On loopback only, kept in the state volume."""

    name = "redis"
    group = "redis"

    def enabled(self, state: State) -> bool:
        """With Rspamd, unless another Redis is used."""
        return state.settings.enable_rspamd and state.settings.enable_rspamd_redis

    def programs(self, _state: State) -> tuple[str, ...]:
        """Its name in supervisorctl."""
        return ("rspamd-redis",)

    def render(self, _state: State) -> Iterable[RenderedFile]:
        """redis.conf, which Redis reads only when it starts."""
        text = fill("redis/templates/redis.conf", port=PORT)
        yield RenderedFile("etc/redis/redis.conf", text.encode(), Action.RESTART)

    def probes(self, _state: State) -> tuple[Probe, ...]:
        """PING."""
        return (Probe("redis", ProbeKind.REDIS, PORT),)
