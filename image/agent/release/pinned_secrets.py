"""Secrets that the container's environment pins, by the word that a release has for them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

FROM_FILE = "__FILE"
COPIES = "dev/shm/mailserver"  # made by mailserver-start, readable by root and the daemon
KEY = "var/mail-state/control/digest.key"


class PinnedSecrets:
    """Values from the environment, or from the files that NAME__FILE names, as they were at the start."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self._root, self._environment = root, environment

    def value(self, name: str) -> bytes | None:
        """What the environment gives for a setting; None where it gives nothing."""
        given = self._environment.get(name)
        if given:
            return given.encode(errors="surrogateescape")
        path = self._environment.get(name + FROM_FILE)
        if not path:
            return None
        for place in (self._root / COPIES / name, self._root / path.lstrip("/")):
            try:
                return place.read_bytes().rstrip(b"\r\n")
            except OSError:
                continue
        return None

    def fits(self, value: bytes, digest: str) -> bool:
        """Whether the word's digest is this value's: nobody without the key can make a word for another."""
        try:
            key = (self._root / KEY).read_bytes()
        except OSError:
            return False
        return hmac.compare_digest(hmac.new(key, value, hashlib.sha256).hexdigest(), digest)
