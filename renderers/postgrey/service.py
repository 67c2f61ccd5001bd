"""Postgrey as a service: on by ENABLE_POSTGREY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controlplane.model import State
from renderers.postgrey.hops import PORT
from renderers.service import Complaint, Origin, Plain, RenderedFile
from renderers.text import fill
from wire.manifest import Action, Probe, ProbeKind

WHITE_LISTS = {
    "whitelist_clients.local": "etc/postgrey/whitelist_clients.local",
    "whitelist_recipients": "etc/postgrey/whitelist_recipients.local",
}
"""Files below config/ on `main`, and where Postgrey reads them besides the lists of its package."""


class Postgrey(Plain):
    """A policy server that remembers who came back."""

    name = "postgrey"
    reads = ("settings", "overrides")
    group = "postgrey"
    reads_clear = tuple(WHITE_LISTS)

    def enabled(self, state: State) -> bool:
        """By its setting."""
        return state.settings.enable_postgrey

    def render(self, state: State) -> Iterable[RenderedFile]:
        """Its arguments, one per line, which take a restart; white lists, which it reads again at SIGHUP."""
        settings = state.settings
        # Where Postfix speaks IPv6 alone, on both loopback addresses: probes come by IPv4.
        host = "localhost" if settings.postfix_inet_protocols == "ipv6" else "127.0.0.1"
        text = fill(
            "postgrey/templates/arguments",
            address=f"{host}:{PORT}",
            hostname=settings.hostname,
            delay=max(1, settings.postgrey_delay),  # it takes 0 for its own default, 300
            max_age=settings.postgrey_max_age,
            auto_whitelist_clients=settings.postgrey_auto_whitelist_clients,
            text=settings.postgrey_text,
        )
        yield RenderedFile("etc/postgrey/arguments", text.encode(), Action.RESTART)
        for name, path in WHITE_LISTS.items():
            if own := state.desired.overrides.get(name):
                origins = (Origin(1, f"config/{name}"),)
                yield RenderedFile(path, own.content, Action.RELOAD, origins=origins)

    def probes(self, _state: State) -> tuple[Probe, ...]:
        """An answer to a policy request."""
        return (Probe("policy", ProbeKind.POLICY, PORT),)

    def complaints(self, state: State) -> Iterator[Complaint]:
        """Entries of white lists that Postgrey would pass over with a warning in its log."""
        for name in WHITE_LISTS:
            own = state.desired.overrides.get(name)
            for number, line in enumerate(own.content.splitlines() if own else (), start=1):
                if len(line.partition(b"#")[0].split()) > 1:
                    yield Complaint(
                        f"config/{name}", number, "an entry is one word", "write one host or address per line"
                    )
