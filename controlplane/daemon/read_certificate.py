"""`python read_certificate.py < CHAIN`: what the first certificate of a PEM chain says of itself, as JSON.

A program of its own: the library takes 10 MiB, and the daemon reads a certificate a few times a year.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def read(chain: bytes) -> dict[str, object]:
    """Fingerprint, names, serial, times (RFC 3339), issuer (RFC 4514), key; or ValueError."""
    leaf = x509.load_pem_x509_certificate(chain)
    return {
        "fingerprint": leaf.fingerprint(SHA256()).hex(),
        "names": _names(leaf),
        "serial": f"{leaf.serial_number:x}",
        "not_before": _time(leaf.not_valid_before_utc),
        "not_after": _time(leaf.not_valid_after_utc),
        "issuer": leaf.issuer.rfc4514_string(),
        "key": _key(leaf.public_key()),
    }


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(attribute.value) for attribute in common]
    return alternatives.get_values_for_type(x509.DNSName)


def _key(key: Any) -> str:
    """Algorithm and size, for people and to tell two kinds apart."""
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    if curve := getattr(key, "curve", None):
        return f"ECDSA {_CURVES.get(curve.name, curve.name)}"
    size = getattr(key, "key_size", 0)
    return f"{kind} {size}" if size else kind


def _time(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    try:
        said = read(sys.stdin.buffer.read())
    except ValueError as error:
        said = {"error": str(error)}
    json.dump(said, sys.stdout)
