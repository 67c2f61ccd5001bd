"""Reads what a certificate says of itself; the agent has checked that its key fits."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from controlplane.errors import Refused
from controlplane.events import CertificateRenewed
from controlplane.model import Certificate, State
from renderers.tls.service import served, unused

SOON_DAYS = 21
"""Days before its end from which on a certificate that serves is warned of."""
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def read_chain(slot: str, chain: str, made_here: bool, source: str = "") -> CertificateRenewed:
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
        chain=hashlib.sha256(chain.encode()).hexdigest(),
        key=_key(leaf.public_key()),
        source=source,
    )


def decline(new: CertificateRenewed, known: Certificate | None, now: datetime) -> str:
    """Why a pair is not taken over although it fits together, empty when it is.

    Only where a valid one serves: an old certificate is better than none.
    """
    if known is None or not _parse(known.not_before) <= now < _parse(known.not_after):
        return ""
    stays = "; the certificate read before stays"
    if _parse(new.not_after) <= now:
        return f"{new.source or new.slot}: the certificate ended on {new.not_after[:10]}{stays}"
    if _parse(new.not_before) > now:
        return f"{new.source or new.slot}: the certificate is not valid before {new.not_before}{stays}"
    return ""


def rows(state: State, now: datetime) -> list[dict[str, Any]]:
    """Every certificate of a state as people are told of it; `days` are whole ones until its end."""
    return [_row(state, known, now) for known in state.observed.certificates.values()]


def _row(state: State, known: Certificate, now: datetime) -> dict[str, Any]:
    left = _parse(known.not_after) - now
    return {
        "slot": known.slot,
        "names": list(known.names),
        "key": known.key,
        "issuer": known.issuer,
        "serial": known.serial,
        "fingerprint": known.fingerprint,
        "not_before": known.not_before,
        "not_after": known.not_after,
        "days": left.days,
        "source": known.source,
        "made_here": known.made_here,
        "serves": known.slot in served(state),
        "warnings": _warnings(state, known, left.total_seconds()),
    }


def _warnings(state: State, known: Certificate, seconds: float) -> list[str]:
    found = []
    days = int(seconds // 86400)
    if seconds <= 0:
        found.append(f"ended on {known.not_after[:10]}: renew it")
    elif days < SOON_DAYS:
        found.append(f"ends in {days} day{'' if days == 1 else 's'}: renew it")
    if not _covers(known.names, state.hostname):
        found.append(f"is not for {state.hostname}")
    if reason := unused(state, known.slot):
        found.append(reason)
    return found


def _covers(names: tuple[str, ...], hostname: str) -> bool:
    """RFC 6125, section 6.4: the name itself, or a wildcard for its first label."""
    parent = hostname.partition(".")[2]
    return any(name.lower() in (hostname.lower(), f"*.{parent}".lower()) for name in names)


def _key(key: Any) -> str:
    """Algorithm and size, for people and to tell two kinds apart."""
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    if curve := getattr(key, "curve", None):
        return f"ECDSA {_CURVES.get(curve.name, curve.name)}"
    size = getattr(key, "key_size", 0)
    return f"{kind} {size}" if size else kind


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
