"""The server's secrets: its identity, which opens what was sealed (see `sealing`), and the digest key."""

from __future__ import annotations

import hashlib
import hmac
import os
from contextlib import suppress
from pathlib import Path

from controlplane.errors import Corrupt
from controlplane.git import write_atomically
from controlplane.sealing import (
    ARMOR,
    is_sealed,
    is_sealed_value,
    open_value,
    seal,
    seal_value,
    unseal,
)

__all__ = [
    "ARMOR",
    "DIGEST_BYTES",
    "DIGEST_KEY",
    "IDENTITY",
    "RECIPIENT",
    "digest",
    "ensure_identity",
    "is_sealed",
    "is_sealed_value",
    "open_value",
    "own_recipient",
    "recipient_of",
    "seal",
    "seal_value",
    "unseal",
]

IDENTITY = "identity.age"
OWN_RECIPIENT = "recipient"
DIGEST_KEY = "digest.key"
DIGEST_BYTES = 32
RECIPIENT = "config/gitops/recipient.txt"
"""Where `main` tells everybody the recipient."""


def ensure_identity(control: Path) -> str:
    """The server's identity, created (readable by its owner alone) if there is none yet."""
    path = control / IDENTITY
    if not path.exists():
        import pyrage

        write_atomically(path, f"{pyrage.x25519.Identity.generate()}\n".encode(), 0o600)
    return _read(path)


def recipient_of(identity: str) -> str:
    """The public half of an identity."""
    import pyrage

    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def own_recipient(control: Path) -> str:
    """The public half of the server's identity, which there has to be.

    It is kept beside it with a digest of it, since the library that derives it would stay in memory from each
    start on. Raises what `recipient_of` does for a damaged identity.
    """
    path, identity = control / OWN_RECIPIENT, _read(control / IDENTITY)
    mark = hashlib.sha256(identity.encode()).hexdigest()  # of 256 random bits: tells nothing about them
    with suppress(OSError, ValueError):
        known, recipient = path.read_text("ascii").split()
        if known == mark:
            return recipient
    recipient = recipient_of(identity)
    with suppress(OSError):
        write_atomically(path, f"{mark} {recipient}\n".encode())
    return recipient


def digest(control: Path, value: str) -> str:
    """A keyed digest (RFC 2104): shows that a secret changed, and nothing else without the key."""
    path = control / DIGEST_KEY
    if not path.exists():
        write_atomically(path, os.urandom(DIGEST_BYTES), 0o600)
    return hmac.new(path.read_bytes(), value.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()


def _read(path: Path) -> str:
    text = path.read_text("ascii").strip()
    if not text.startswith("AGE-SECRET-KEY-"):
        raise Corrupt(f"{path} holds no age identity")
    return text
