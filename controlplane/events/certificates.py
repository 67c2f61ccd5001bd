"""Certificates that a node can serve."""

from __future__ import annotations

from controlplane.events.base import Event
from controlplane.model import Certificate, Draft


class _OfCertificate(Event):
    slot: str
    """`default`, or `fallback` for the second one of SSL_TYPE=manual."""

    @property
    def subject(self) -> str:
        return self.slot


class CertificateRenewed(_OfCertificate):
    """A valid pair of certificate and key was seen, the first or a new one. Times are RFC 3339 in UTC."""

    kind = "certificate.renewed"
    effect = "report"
    fingerprint: str
    """SHA-256 of the leaf in DER, lower-case hex."""
    names: tuple[str, ...]
    serial: str
    not_before: str
    not_after: str
    issuer: str
    made_here: bool = False
    """Made by the server itself because none was provided."""
    chain: str = ""
    """SHA-256 of the whole chain in PEM, hex."""
    key: str = ""
    """Algorithm and size of the key, such as `ECDSA P-256`."""
    source: str = ""
    """Where the node read it."""

    @property
    def detail(self) -> str:
        return f"{', '.join(self.names)}, ends {self.not_after[:10]}"

    def apply(self, draft: Draft) -> None:
        draft.certificates[self.slot] = Certificate(
            slot=self.slot,
            fingerprint=self.fingerprint,
            names=self.names,
            serial=self.serial,
            not_before=self.not_before,
            not_after=self.not_after,
            issuer=self.issuer,
            made_here=self.made_here,
            chain=self.chain,
            key=self.key,
            source=self.source,
        )


class CertificateRefused(_OfCertificate):
    """A pair could not be served; the previous one stays."""

    kind = "certificate.refused"
    effect = "report"
    reason: str

    @property
    def detail(self) -> str:
        return self.reason

    def apply(self, draft: Draft) -> None:
        """Nothing changes: the previous certificate still serves."""


class CertificateRemoved(_OfCertificate):
    """The slot has no certificate any more (TLS was switched off, or the second pair was taken away)."""

    kind = "certificate.removed"
    effect = "report"

    def apply(self, draft: Draft) -> None:
        draft.certificates.pop(self.slot, None)
