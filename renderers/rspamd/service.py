"""Rspamd as a service: on by ENABLE_RSPAMD."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.rspamd import commands, hops, render
from renderers.service import BadLine, Complaint, Plain, RenderedFile
from wire.manifest import Probe, ProbeKind


class Rspamd(Plain):
    """One process that scans for Postfix, one for statistics and the web interface."""

    name = "rspamd"
    reads = ("settings", "overrides")
    group = "_rspamd"
    writes_times = True
    names_files = ("rspamd/custom-commands.conf", "rspamd/override.d/*")
    reads_clear = ("rspamd/custom-commands.conf",)

    def enabled(self, state: State) -> bool:
        """By its setting; Redis is a service of its own."""
        return state.settings.enable_rspamd

    def render(self, state: State) -> Iterable[RenderedFile]:
        """local.d and override.d."""
        yield from render.files(state)

    def probes(self, _state: State) -> tuple[Probe, ...]:
        """The milter's port, and /ping of the controller."""
        return (
            Probe("milter", ProbeKind.TCP, hops.MILTER_PORT),
            Probe("web", ProbeKind.HTTP, render.WEB_PORT, path="/ping"),
        )

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Lines of custom-commands.conf that are not commands."""
        for command in render.read_commands(state):
            if isinstance(command, BadLine):
                yield Complaint(commands.SOURCE, *command)
