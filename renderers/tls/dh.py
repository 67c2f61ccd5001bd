"""Diffie-Hellman parameters: dhparams.pem of main, else the group ffdhe4096."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path

from controlplane.model import State
from renderers.service import Complaint

NAME = "dhparams.pem"
LEAST_BITS = 2048
"""The least that OpenSSL accepts at Debian's security level 2 (SSL_CTX_set_security_level(3))."""
_GROUP = Path(__file__).parent / "ffdhe4096.pem"
_PEM = re.compile(
    rb"-----BEGIN (X9\.42 )?DH PARAMETERS-----\s+([A-Za-z0-9+/=\s]+?)-----END (X9\.42 )?DH PARAMETERS-----"
)


def parameters(state: State) -> bytes:
    """The PEM text for Postfix and Dovecot (RFC 7919, appendix A.3, where main has none of its own)."""
    own = state.desired.overrides.get(NAME)
    return own.content if own else _GROUP.read_bytes()


def complaints(state: State) -> Iterator[Complaint]:
    """Refuse what is not DH parameters, or too weak to be served."""
    own = state.desired.overrides.get(NAME)
    if own is None:
        return
    cure = f"make them with: openssl dhparam -out {NAME} 4096; or remove the file"
    bits = _bits(own.content)
    if not bits:
        yield Complaint(f"config/{NAME}", 0, "it holds no Diffie-Hellman parameters in PEM", cure)
    elif bits < LEAST_BITS:
        yield Complaint(f"config/{NAME}", 0, f"its prime has {bits} bits, at least {LEAST_BITS} needed", cure)


def _bits(pem: bytes) -> int:
    """The length of the prime, 0 where there is none (PKCS #3: a SEQUENCE of prime, base, …)."""
    found = _PEM.search(pem)
    if not found:
        return 0
    try:
        inner, _ = _element(base64.b64decode(found[2]), 0x30)
        prime, _ = _element(inner, 0x02)
    except (ValueError, IndexError, binascii.Error):
        return 0
    return int.from_bytes(prime, "big").bit_length()


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """(content, what follows) of an element in DER (X.690, section 8.1). Raises ValueError, IndexError."""
    if der[0] != tag:
        raise ValueError(f"tag {der[0]:#x} instead of {tag:#x}")
    length, start = der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length:
        raise ValueError("cut short")
    return der[start : start + length], der[start + length :]
