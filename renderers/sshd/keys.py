"""authorized_keys of main, read strictly: type, key, comment; nothing that could grant more than git."""

from __future__ import annotations

import base64
import binascii
import hashlib
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from renderers.service import BadLine

_TYPES = frozenset(
    {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-rsa",
    }
)
_LONGEST_COMMENT = 120
WRAPPER = "/usr/local/bin/git-mailserver-ssh"


class Key(NamedTuple):
    """One public key; `actor` is its comment, or its fingerprint where it has none."""

    type: str
    body: str
    actor: str

    @property
    def line(self) -> str:
        """The line for sshd (sshd(8), AUTHORIZED_KEYS FILE FORMAT): git through the wrapper, no more."""
        command = f"{WRAPPER} {shlex.quote(self.actor)}".replace('"', '\\"')
        return f'restrict,command="{command}" {self.type} {self.body}'


def read(content: bytes) -> Iterator[Key | BadLine]:
    """The keys of a file and what is wrong with its other lines; comments and blank lines pass."""
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield _key(number, text)


def _key(number: int, text: str) -> Key | BadLine:
    kind, _, rest = text.partition(" ")
    if kind not in _TYPES:
        return BadLine(
            number,
            f"{kind[:40]!r} is not a type of public key",
            "write a line as `ssh-keygen` makes it in a .pub file, without options before it",
        )
    body, _, comment = rest.strip().partition(" ")
    blob = _decoded(body)
    if not blob.startswith(len(kind).to_bytes(4, "big") + kind.encode()):  # RFC 4253 6.6
        return BadLine(number, f"the key's text is not a key of type {kind}", "copy the whole line again")
    comment = comment.strip()
    if len(comment) > _LONGEST_COMMENT or not (comment.isprintable()):
        return BadLine(number, "the key's comment is not plain text", "give it a short comment: name@host")
    fingerprint = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return Key(kind, body, comment or f"SHA256:{fingerprint}")


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return b""
