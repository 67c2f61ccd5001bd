"""The node's certificate store: pairs by the digest of their chain; private keys never leave it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

from agent.errors import NotFound, Refused
from agent.files.atomic import write_durable
from agent.records.checksummed import put_aside
from wire.blobs import blob_id

KEPT = 8
"""Pairs that stay, the newest first: a release that is put back may name one that served before."""


class Certificates:
    """Pairs below `folder`: <identity>/{chain,key}.pem, 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instead: dict[str, str] = {}
        """Identities of pairs that were lost, and of those that serve in their place for now."""

    def read(self, identity: str, part: str) -> bytes:
        """One half of a pair. Raises NotFound."""
        if part not in ("chain", "key") or not re.fullmatch(r"[0-9a-f]{64}", identity):
            raise NotFound(f"{part!r} of certificate {identity!r} is not a thing that can be asked for")
        identity = self.instead.get(identity, identity)
        try:
            return (self.folder / identity / f"{part}.pem").read_bytes()
        except OSError as error:
            raise NotFound(f"certificate {identity} is not on this node") from error

    def blob(self, identity: str, part: str) -> str:
        """The blob id of one half, "" when the node does not have the pair."""
        try:
            return blob_id(self.read(identity, part))
        except NotFound:
            return ""

    def add(self, chain: bytes, key: bytes) -> str:
        """Keep a pair that fits together; returns its identity. Raises Refused, OSError."""
        examine(chain, key)
        identity = hashlib.sha256(chain).hexdigest()
        folder = self.folder / identity
        for name, content in (("key.pem", key), ("chain.pem", chain)):
            if not _holds(folder / name, content):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_durable(folder / name, content)
        return identity

    def damage(self, identity: str) -> str:
        """What is wrong with a pair, "" for nothing."""
        try:
            chain, key = self.read(identity, "chain"), self.read(identity, "key")
            if hashlib.sha256(chain).hexdigest() != self.instead.get(identity, identity):
                return "its chain is damaged"
            examine(chain, key)
        except (NotFound, Refused) as error:
            return str(error)
        return ""

    def forget(self, identity: str) -> None:
        """Put a damaged pair aside."""
        place = self.folder / identity
        if os.path.lexists(place):
            put_aside(place)

    def prune(self, used: Iterable[str]) -> None:
        """Forget old pairs: all but those in use and the newest few."""
        there = sorted(self.folder.iterdir(), key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
        for folder in there[KEPT:]:
            if folder.name not in set(used):
                shutil.rmtree(folder, ignore_errors=True)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def examine(chain: bytes, key: bytes) -> None:
    """Raises Refused when chain and key are not a usable pair."""
    with tempfile.TemporaryDirectory(prefix="pair-") as name:  # 0700, by mkdtemp
        folder = Path(name)
        (folder / "chain").write_bytes(chain)
        (folder / "key").write_bytes(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # The password callback keeps OpenSSL from asking on a terminal; daemons could not answer either.
            context.load_cert_chain(folder / "chain", folder / "key", password=lambda: "")
        except (ssl.SSLError, ValueError, OSError) as error:
            raise Refused(f"certificate and key cannot be used together: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """OpenSSL's name of a reason in plain words; its text names lines of its own source."""
    reason = getattr(error, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else str(error)
