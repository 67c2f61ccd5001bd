"""Reads what a certificate says of itself; the agent has checked that its key fits."""

from __future__ import annotations

from datetime import datetime

from controlplane.errors import Refused
from controlplane.events import CertificateRenewed


def read_chain(slot: str, chain: str, made_here: bool) -> CertificateRenewed:
    """The event for the first certificate of a PEM chain; raises Refused for what is none."""
    from cryptography import x509  # takes 10 MiB, and certificates come a few times a year
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        leaf = x509.load_pem_x509_certificate(chain.encode())
    except ValueError as error:
        raise Refused.because(f"the certificate cannot be read: {error}", "provide a PEM chain") from error
    try:
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(alternatives.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = tuple(str(attribute.value) for attribute in common)
    return CertificateRenewed(
        slot=slot,
        fingerprint=leaf.fingerprint(SHA256()).hex(),
        names=names,
        serial=f"{leaf.serial_number:x}",
        not_before=_time(leaf.not_valid_before_utc),
        not_after=_time(leaf.not_valid_after_utc),
        issuer=leaf.issuer.rfc4514_string(),
        made_here=made_here,
    )


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
