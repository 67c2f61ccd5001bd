"""The node's certificate store: pairs by the fingerprint of their leaf; private keys never leave it."""

from __future__ import annotations

import hashlib
import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

from agent.atomic import write_durable
from agent.disk import blob_id
from agent.errors import NotFound, Refused

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
LARGEST = 256 * 1024


class Certificates:
    """Pairs below `folder`: <fingerprint>/{chain,key}.pem, 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, fingerprint: str, part: str) -> bytes:
        """One half of a pair. Raises NotFound."""
        if part not in ("chain", "key") or not re.fullmatch(r"[0-9a-f]{64}", fingerprint):
            raise NotFound(f"{part!r} of certificate {fingerprint!r} is not a thing that can be asked for")
        try:
            return (self.folder / fingerprint / f"{part}.pem").read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"certificate {fingerprint} is not on this node") from error

    def blob(self, fingerprint: str, part: str) -> str:
        """The blob id of one half, "" when the node does not have the pair."""
        try:
            return blob_id(self.read(fingerprint, part))
        except NotFound:
            return ""

    def add(self, chain: bytes, key: bytes) -> str:
        """Keep a pair that fits together; returns its fingerprint. Raises Refused, OSError."""
        fingerprint = examine(chain, key)
        folder = self.folder / fingerprint
        if not (folder / "chain.pem").exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durable(folder / "key.pem", key)
            write_durable(folder / "chain.pem", chain)
        return fingerprint


def examine(chain: bytes, key: bytes) -> str:
    """SHA-256 of the leaf's DER, in hex. Raises Refused when chain and key are not a usable pair."""
    found = PEM.search(chain)
    if not found:
        raise Refused("the certificate file holds no PEM certificate")
    with tempfile.TemporaryDirectory(prefix="pair-") as name:  # 0700, by mkdtemp
        folder = Path(name)
        (folder / "chain").write_bytes(chain)
        (folder / "key").write_bytes(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # The password callback keeps OpenSSL from asking on a terminal; daemons could not answer either.
            context.load_cert_chain(folder / "chain", folder / "key", password=lambda: "")
        except (ssl.SSLError, ValueError, OSError) as error:
            raise Refused(f"certificate and key cannot be used together: {error}") from error
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0].decode())).hexdigest()


def read_source(source: Mapping[str, str], root: Path) -> tuple[bytes, bytes]:
    """(chain, key) from the files that a manifest's certificate names. Raises FileNotFoundError, Refused."""
    chain, key = (_file(root / source[name].lstrip("/")) for name in ("cert", "key"))
    return chain, key


def _file(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path} is too large for a certificate or key")
    return path.read_bytes()
