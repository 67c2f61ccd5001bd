"""Sealed values: anybody can seal with the server's public recipient, only the server opens.

The format is age (https://age-encryption.org/v1), armored, so that the tool `age` makes and reads it too.
pyrage is imported when it is first needed: most servers never open anything.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from controlplane.errors import Corrupt, Refused
from controlplane.git import write_atomically

ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
IDENTITY = "identity.age"
DIGEST_KEY = "digest.key"
RECIPIENT = "config/gitops/recipient.txt"
"""Where `main` tells everybody the recipient."""


def is_sealed(content: bytes) -> bool:
    """Whether this is a text in the armored age format."""
    return content.lstrip().startswith(ARMOR)


def seal(content: bytes, recipient: str) -> str:
    """The content for the holder of the identity alone; raises Refused for a text that is no recipient."""
    import pyrage

    try:
        key = pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError as error:
        raise Refused.because(f"{recipient!r} is not a recipient: {error}", f"see {RECIPIENT}") from error
    sealed: bytes = pyrage.encrypt(content, [key], armored=True)
    return sealed.decode("ascii").rstrip("\n") + "\n"


def unseal(content: bytes, identity: str) -> bytes:
    """What was sealed; raises Refused where it was sealed for somebody else or is damaged."""
    import pyrage

    try:
        opened: bytes = pyrage.decrypt(content.strip() + b"\n", [pyrage.x25519.Identity.from_str(identity)])
    except pyrage.DecryptError as error:
        raise Refused.because(
            f"a sealed value cannot be opened: {error}", f"seal it again with the recipient of {RECIPIENT}"
        ) from error
    return opened


def ensure_identity(control: Path) -> str:
    """The server's identity, made and kept (readable by the owner alone) where there is none yet."""
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
    """A keyed digest: tells whether a secret changed, and nothing else to who lacks the key (RFC 2104)."""
    path = control / DIGEST_KEY
    if not path.exists():
        write_atomically(path, os.urandom(32), 0o600)
    return hmac.new(path.read_bytes(), value.encode(), hashlib.sha256).hexdigest()


def _read(path: Path) -> str:
    text = path.read_text("ascii").strip()
    if not text.startswith("AGE-SECRET-KEY-"):
        raise Corrupt(f"{path} holds no age identity")
    return text
