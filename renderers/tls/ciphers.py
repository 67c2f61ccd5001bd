"""TLS_LEVEL as protocols and ciphers, the same for Postfix and Dovecot."""

from __future__ import annotations

from typing import NamedTuple

_FORWARD_SECRET = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
)
"""Authenticated encryption with forward secrecy: a key that is stolen later opens no recorded session."""
_FOR_OLD_CLIENTS = (
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "DHE-RSA-AES128-SHA256",
    "DHE-RSA-AES256-SHA256",
)
"""Forward secrecy all the same: for TLS 1.2 that knows no authenticated encryption yet."""
EXCLUDED = ("aNULL", "SEED", "CAMELLIA", "kRSA", "SHA1")
"""What no level takes (ciphers(1)): anonymous, rare, without forward secrecy, or with SHA-1."""


class Level(NamedTuple):
    """One TLS_LEVEL: `oldest` as Postfix and Dovecot spell it, `ciphers` for OpenSSL."""

    oldest: str
    ciphers: str
    server_order: bool


def level(name: str) -> Level:
    """The level of that name; every name but `intermediate` means modern."""
    if name == "intermediate":
        return Level("TLSv1", ":".join((*_FORWARD_SECRET, *_FOR_OLD_CLIENTS)), server_order=True)
    return Level("TLSv1.2", ":".join(_FORWARD_SECRET), server_order=True)
