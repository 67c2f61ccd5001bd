"""The server's secrets: its identity, which opens what was sealed (see `sealing`), and the digest key."""

from __future__ import annotations

import hashlib
import hmac
import os
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
    "recipient_of",
    "seal",
    "seal_value",
    "unseal",
]

IDENTITY = "identity.age"
DIGEST_KEY = "digest.key"
DIGEST_BYTES = 32
RECIPIENT = "config/gitops/recipient.txt"
"""Where `main` tells everybody the recipient."""


def ensure_identity(control: Path) -> str:
    """The server's identity, created (readable by its owner alone) if there is none yet."""
    import pyrage

    path = control / IDENTITY
    if not path.exists():
        write_atomically(path, f"{pyrage.x25519.Identity.generate()}\n".encode(), 0o600)
    return _read(path)


def recipient_of(identity: str) -> str:
    """The public half of an identity."""
    import pyrage

    return str(pyrage.x25519.Identity.from_str(identity).to_public())


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
