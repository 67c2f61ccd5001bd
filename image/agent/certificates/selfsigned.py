"""A certificate authority and a certificate made here, where files are expected and there are none."""

from __future__ import annotations

import os
from pathlib import Path

from agent.certificates.store import examine
from agent.commands import run
from agent.errors import Refused, Unavailable
from agent.files.compilers import last_line
from agent.records.checksummed import put_aside

CA_DAYS = 3650
LEAF_DAYS = 397  # the longest that common clients accept of a leaf
RENEW_SECONDS = 30 * 86400
DEADLINE = 20.0


def make_pair(folder: Path, hostname: str) -> tuple[bytes, bytes]:
    """(chain, key) for a host name, from the authority kept in `folder` (0700). Raises Unavailable, OSError.

    The pair is kept and given again until the name changes or it is about to end.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        put_aside(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    leaf, key = folder / f"{hostname}.pem", folder / f"{hostname}-key.pem"
    if not (key.exists() and leaf.exists() and _lasts(leaf) and _is_pair(leaf, key)):
        for damaged in (place for place in (leaf, key) if place.is_dir()):
            put_aside(damaged)
        if not _is_pair(folder / "ca.pem", folder / "ca-key.pem"):
            _make_authority(folder)
        _make_leaf(folder, hostname, leaf, key)
    return leaf.read_bytes() + (folder / "ca.pem").read_bytes(), key.read_bytes()


def _is_pair(certificate: Path, key: Path) -> bool:
    """Whether certificate and key are there, complete and match: a power cut may leave only one of them."""
    try:
        examine(certificate.read_bytes(), key.read_bytes())
    except (OSError, Refused):
        return False
    return True


def _lasts(leaf: Path) -> bool:
    return (
        run(["openssl", "x509", "-in", str(leaf), "-noout", "-checkend", str(RENEW_SECONDS)], DEADLINE).code
        == 0
    )


def _make_authority(folder: Path) -> None:
    key, new = folder / "ca-key.pem", folder / "ca.new"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
    key.chmod(0o600)
    words = [
        "req",
        "-x509",
        "-new",
        "-key",
        str(key),
        "-days",
        str(CA_DAYS),
        "-subj",
        "/CN=git-mailserver local CA",
    ]
    words += [
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ]
    _openssl(*words, "-out", str(new))
    new.replace(folder / "ca.pem")


def _make_leaf(folder: Path, hostname: str, leaf: Path, key: Path) -> None:
    parent = hostname.partition(".")[2]
    names = [hostname, parent] if "." in parent else [hostname]
    config = folder / "leaf.cnf"
    config.write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
        f"subjectAltName={','.join('DNS:' + name for name in names)}\n"
    )
    request, new, new_key = folder / "leaf.csr", folder / "leaf.new", folder / "leaf-key.new"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(new_key))
    new_key.chmod(0o600)
    (folder / "ca.srl").unlink(missing_ok=True)  # a damaged one stops openssl; a new one starts at random
    _openssl("req", "-new", "-key", str(new_key), "-subj", f"/CN={hostname[:64]}", "-out", str(request))
    words = [
        "x509",
        "-req",
        "-in",
        str(request),
        "-CA",
        str(folder / "ca.pem"),
        "-CAkey",
        str(folder / "ca-key.pem"),
    ]
    words += ["-CAcreateserial", "-days", str(LEAF_DAYS), "-extfile", str(config), "-out", str(new)]
    _openssl(*words)
    new_key.replace(key)
    new.replace(leaf)


def _openssl(*words: str) -> None:
    ran = run(["openssl", *words], DEADLINE)
    if ran.code:
        raise Unavailable(f"openssl {words[0]}: {last_line(ran.output)}")
