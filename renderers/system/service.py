"""rsyslog and cron, and what they follow."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import Action, Compile, Complaint, Origin, Probe, RenderedFile
from renderers.text import fill

TELL_THE_TIME = ("rspamd", "dovecot", "postfix")
"""Services that write times; a reload brings them new processes, which look for the zone at their start."""


class System:
    """Runs in every container; supervisor starts it before the agent does."""

    name = "system"

    def programs(self, state: State) -> tuple[str, ...]:
        """The log first: everything else writes to it."""
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
                also=TELL_THE_TIME,
            )

    def probes(self, state: State) -> tuple[Probe, ...]:
        """None: neither listens."""
        return ()

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Nothing to refuse."""
        return ()
