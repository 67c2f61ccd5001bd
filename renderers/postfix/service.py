"""Postfix as a service: always on."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.model import State
from renderers.postfix import check, render
from renderers.service import Complaint, Probe, ProbeKind, RenderedFile
from renderers.tls.service import Encryption, encryption


class Postfix:
    """25 behind postscreen, 587 with STARTTLS, 465 with TLS from the start."""

    name = "postfix"

    def programs(self, state: State) -> tuple[str, ...]:
        """Runs in every set-up."""
        return ("postfix",)

    def render(self, state: State) -> Iterable[RenderedFile]:
        """Configuration and lookup tables; a change of accounts or aliases touches tables alone."""
        yield render.main_cf(state)
        yield render.master_cf(state)
        yield from render.files(state)

    def probes(self, state: State) -> tuple[Probe, ...]:
        """A greeting on each port, with TLS where it is on."""
        if encryption(state) is not Encryption.ON:
            return (Probe("25", ProbeKind.SMTP, 25), Probe("587", ProbeKind.SMTP, 587))
        return (
            Probe("25", ProbeKind.SMTP, 25, tls="starttls"),
            Probe("465", ProbeKind.SMTP, 465, tls="implicit"),
            Probe("587", ProbeKind.SMTP, 587, tls="starttls"),
        )

    def complaints(self, state: State) -> Iterable[Complaint]:
        """What `postconf` does not see."""
        return check.complaints(state)
