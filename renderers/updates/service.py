"""The program that looks for a newer version now and then, and writes to the postmaster."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.service import Action, Complaint, Probe, RenderedFile
from renderers.text import fill

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
USUAL = "1d"


class Updates:
    """Runs where somebody said whom to ask."""

    name = "updates"

    def programs(self, state: State) -> tuple[str, ...]:
        """One that sleeps between its looks."""
        enabled = state.settings.enable_update_check and state.settings.update_check_url
        return ("update-check",) if enabled else ()

    def render(self, state: State) -> Iterable[RenderedFile]:
        """What the program reads at its start, a line each."""
        if self.programs(state):
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

    def probes(self, state: State) -> tuple[Probe, ...]:
        """None: nothing of the mail server depends on it."""
        return ()

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Nothing to refuse."""
        return ()
