"""Postfix as a service: on in every state."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from controlplane.model import State
from renderers.certificates import Encryption, encryption
from renderers.postfix import check, render
from renderers.postfix.notices import notices
from renderers.service import AnyFile, Complaint, Part, Plain
from wire.manifest import Probe, ProbeKind


class Postfix(Plain):
    """25 behind postscreen, 587 with STARTTLS, 465 with TLS from the start; all in the clear without TLS."""

    name = "postfix"
    group = "postfix"
    writes_times = True
    reads = ("settings", "overrides", "certificates")
    names_files = ("postfix-main.cf", "postfix-master.cf", "postfix-aliases.cf")
    reads_clear = ("postfix-main.cf", "postfix-master.cf", "postfix-aliases.cf")

    @property
    def parts(self) -> tuple[Part, ...]:
        """Configuration and lookup tables; a change of accounts or aliases touches only tables."""
        return render.PARTS

    def render(self, state: State) -> Iterable[AnyFile]:
        """Every file of all parts."""
        return chain.from_iterable(part.render(state) for part in self.parts)

    def probes(self, state: State) -> tuple[Probe, ...]:
        """A greeting on each port, with TLS where it is on, after a proxy's header where one is wanted."""
        proxied = render.proxied(state)
        tls_is = encryption(state)
        on = tls_is is Encryption.ON
        ports = (("smtp/inet", 25, "starttls"), ("submissions/inet", 465, "implicit"))
        return tuple(
            Probe(str(port), ProbeKind.SMTP, port, tls=tls if on else "", proxy=service in proxied)
            for service, port, tls in (*ports, ("submission/inet", 587, "starttls"))
            if tls != "implicit" or tls_is is not Encryption.AWAITED
        )

    def complaints(self, state: State) -> Iterable[Complaint]:
        """Mistakes that `postconf` does not see."""
        return check.complaints(state)

    def notices(self, before: State, after: State) -> Iterable[Complaint]:
        """Names in overrides that a newer Postfix lacks."""
        return notices(before, after)
