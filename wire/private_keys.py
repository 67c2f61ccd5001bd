"""Finds private keys in the clear: a push with one is refused, and one on the config volume stays there."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

_TEXT = re.compile(
    rb"-----BEGIN (?:(?!ENCRYPTED )[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?!\r?\nProc-Type: 4,ENCRYPTED)"
    rb"|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
    rb"|PuTTY-User-Key-File-\d:[^\n]*\n(?:Comment:[^\n]*\n)?Encryption: none"
)
"""Keys as RFC 7468, OpenSSH, OpenPGP, age and PuTTY write them, unless they are encrypted already."""
_MARKS = (b"-----BEGIN", b"AGE-SECRET-KEY-1", b"PuTTY-User-Key-File-")
_WRAPPED = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{16,}")
"""base64 of "-----BEGIN": a whole PEM in one word, as the keys of mail_crypt are given to Dovecot."""
_OPENSSH = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/]{40})")
_UNPROTECTED = b"openssh-key-v1\0\0\0\0\4none"
_DER = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)(?:"
    rb"\x02\x01\x00\x30.\x06[\x03-\x0b]"  # PrivateKeyInfo (RFC 5208): version 0, algorithm
    rb"|\x02\x01\x00\x02(?:\x81.|\x82..|[\x20-\x7f])\x00"  # RSAPrivateKey (RFC 8017): version 0, modulus
    rb"|\x02\x01\x01\x04[\x14-\x42]"  # ECPrivateKey (RFC 5915): version 1, the key
    rb"|\x02\x01\x03\x30)",  # PFX (RFC 7292): version 3; whether its password is one cannot be told
    re.DOTALL,
)


class Key(NamedTuple):
    """Where a key starts (an offset in the file), and what may be shown of it."""

    start: int
    shown: str


def find(content: bytes) -> Key | None:
    """The first private key of a file that is not encrypted; None where there is none."""
    for key in _in_text(content):
        return key
    if b"LS0tLS1CRUdJTi" in content:
        for found in _WRAPPED.finditer(content):
            if _TEXT.match(_decoded(found[0])):
                return Key(found.start(), "a private key in base64…")
    return Key(0, "") if _is_der(content) else None


def find_pem(content: bytes) -> Key | None:
    """The first one in PEM: its lines are no value that could be sealed in place, so no way in takes it."""
    return next((key for key in _in_text(content) if key.shown.startswith("-----")), None)


def _in_text(content: bytes) -> Iterator[Key]:
    # plain searches rule most files out many times faster than the expression does
    if any(mark in content for mark in _MARKS):
        for found in _TEXT.finditer(content):
            if not _has_passphrase(content, found.start()):
                shown = found[0].decode("ascii", "replace").partition("\n")[0]
                yield Key(found.start(), shown if shown.startswith("-----") else f"{shown[:16]}…")


def _has_passphrase(content: bytes, start: int) -> bool:
    """OpenSSH says within the key whether it is encrypted (PROTOCOL.key)."""
    found = _OPENSSH.match(content, start)
    if found is None:
        return False
    head = _decoded(found[1])
    return head.startswith(b"openssh-key-v1\0") and not head.startswith(_UNPROTECTED)


def _is_der(content: bytes) -> bool:
    if content[:1] == b"M":  # base64 of such a start, without the lines of PEM around it
        content = _decoded(b"".join(content[:120].split())[:64])
    return content[:1] == b"\x30" and _DER.match(content) is not None


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except binascii.Error:
        return b""
