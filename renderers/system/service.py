"""rsyslog and cron, and what they follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controlplane.model import State
from renderers.service import Origin, Plain, RenderedFile
from renderers.text import fill
from wire.manifest import Action, Compile


@dataclass(frozen=True)
class System(Plain):
    """Runs in every container; supervisor starts it before the agent does. Neither program listens."""

    clocks: tuple[str, ...]
    """The services that print local times."""
    name = "system"
    reads = ("settings",)

    def programs(self, _state: State) -> tuple[str, ...]:
        """The log first, as everything else writes to it."""
        return ("rsyslog", "cron")

    def render(self, state: State) -> Iterable[RenderedFile]:
        """The rotation of logs, which cron reads daily, and the time zone where one is set."""
        settings = state.settings
        text = fill(
            "system/templates/maillog", interval=settings.logrotate_interval, count=settings.logrotate_count
        )
        yield RenderedFile("etc/logrotate.d/maillog", text.encode(), Action.NONE)
        if settings.tz:
            yield RenderedFile(
                "etc/timezone",
                f"{settings.tz}\n".encode(),
                Action.RELOAD,
                compile=Compile.ZONE,
                origins=(Origin(1, "mailserver.env", 0),),
                also=self.clocks,
            )
