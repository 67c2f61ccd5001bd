"""The program that checks for a newer version regularly and writes to the postmaster."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import Plain, RenderedFile
from renderers.text import fill
from wire.manifest import Action

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
USUAL = "1d"


class Updates(Plain):
    """One program that sleeps between its checks; no mail depends on it, so it has no probe."""

    name = "updates"
    reads = ("settings",)

    def enabled(self, state: State) -> bool:
        """Where a URL to ask is set."""
        return bool(state.settings.enable_update_check and state.settings.update_check_url)

    def programs(self, _state: State) -> tuple[str, ...]:
        """Its name in supervisorctl."""
        return ("update-check",)

    def render(self, state: State) -> Iterable[RenderedFile]:
        """What the program reads when it starts, one value per line."""
        settings = state.settings
        interval = settings.update_check_interval or USUAL
        text = fill(
            "updates/templates/update-check",
            url=settings.update_check_url,
            seconds=int(interval[:-1]) * SECONDS[interval[-1]],
            recipient=settings.postmaster_address,
            hostname=state.hostname,
        )
        yield RenderedFile("etc/mailserver/update-check", text.encode(), Action.RESTART)
