"""Where certificates come from: files in folders that others write, or the store of a proxy.

A source is a row of the manifest. Files are read as they are found: by name in the order given, through
links (certbot keeps its files in ../archive), without a word about which program made them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.certificates import acme
from agent.errors import AgentError, Refused

LARGEST = 256 * 1024
LARGEST_STORE = 16 * 1024 * 1024
MOST_LINKS = 40
"""As many links as Linux follows in one path (path_resolution(7))."""
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL)
KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.+?-----END \1-----\r?\n?", re.DOTALL)


Open = Callable[[bytes], bytes]
"""A sealed text to what it holds, any other to itself."""


class Found(NamedTuple):
    """A pair as it is to be served, and where it was read."""

    chain: bytes
    key: bytes
    place: str


class Passed(NamedTuple):
    """A place whose pair cannot serve, and why."""

    place: str
    reason: str


def look(
    source: Mapping[str, Any], root: Path, opened: Open = lambda content: content
) -> Iterator[Found | Passed]:
    """What a source has, the preferred first; files may be sealed, and `opened` opens those."""
    if store := source.get("store"):
        yield from _from_store(root / store.lstrip("/"), source.get("names", ()))
    for cert, key in pairs(source):
        chain, secret = root / cert.lstrip("/"), root / key.lstrip("/")
        if chain.exists() and secret.exists():
            try:
                yield _pair(chain, secret, opened, _authority(source, root))
            except (AgentError, OSError) as error:
                yield Passed(str(chain), _words(error))


def _pair(chain: Path, secret: Path, opened: Open, authority: bytes) -> Found:
    content = _file(chain)
    other = content if secret == chain else _file(secret)
    return split(opened(content), opened(other), authority, str(chain))


def pairs(source: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(certificate, key) paths in the order they are tried."""
    return [(str(cert), str(key)) for cert, key in source.get("pairs", ())]


def split(chain: bytes, key: bytes, authority: bytes, place: str) -> Found:
    """Separate chain and key: a chain is reported to the daemon, and must never hold a key.

    A chain of certificates alone stays as it is, byte by byte. Raises Refused where one of them is missing.
    """
    if KEY.search(chain) or not chain.isascii():
        chain = b"".join(_line(block[0]) for block in CERTIFICATE.finditer(chain))
    found = KEY.search(key)
    if CERTIFICATE.search(key):
        key = _line(found[0]) if found else b""
    if not CERTIFICATE.search(chain):
        raise Refused("it holds no certificate in PEM")
    if not found:
        raise Refused("there is no private key in PEM for it")
    missing = [_line(b[0]) for b in CERTIFICATE.finditer(authority) if b[0].strip() not in chain]
    return Found(_line(chain) + b"".join(missing) if missing else chain, key, place)


def _line(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"


def _from_store(path: Path, names: Sequence[str]) -> Iterator[Found | Passed]:
    if not path.exists():
        return
    try:
        hits = list(acme.find(_file(path, LARGEST_STORE), names, str(path)))
    except (Refused, OSError) as error:
        yield Passed(str(path), _words(error))
        return
    for hit in hits:
        place = f"{path} ({hit.name})"
        try:
            yield split(hit.chain, hit.key, b"", place)
        except Refused as error:
            yield Passed(place, str(error))


def _authority(source: Mapping[str, Any], root: Path) -> bytes:
    path = root / str(source["ca"]).lstrip("/") if source.get("ca") else None
    return _file(path) if path and path.exists() else b""


def _file(path: Path, largest: int = LARGEST) -> bytes:
    if path.stat().st_size > largest:
        raise Refused(f"{path.name} is too large for a certificate or key")
    return path.read_bytes()


def _words(error: Exception) -> str:
    """An error without the path, which stands beside it."""
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)


def nothing(source: Mapping[str, Any]) -> str:
    """What is missing, for a source that has nothing."""
    rows = pairs(source)
    if source.get("store"):
        folder = os.path.commonpath([cert.rpartition("/")[0] for cert, _ in rows])
        names = ", ".join(name for name in source.get("names", ()) if "*" not in name)
        return f"no certificate for {names} in {folder} nor in {source['store']}"
    cert, key = rows[0]
    return f"no certificate: {cert} and {key} are not both there" if cert != key else f"{cert} is not there"


def footprints(source: Mapping[str, Any], root: Path) -> set[Path]:
    """The paths to watch, existing or not: those whose change may change what `look` finds."""
    paths = [path for pair in pairs(source) for path in pair]
    paths += [str(source[name]) for name in ("store", "ca") if source.get(name)]
    return {step for path in paths for step in _steps(root / path.lstrip("/"), len(root.parts))}


def _steps(path: Path, top: int) -> Iterator[Path]:
    """The path as the kernel walks it, link by link, up to the first part that is missing.

    What lies in the topmost folders (/etc, /tmp) counts only where the path ends or breaks off there: too
    much else happens in them.
    """
    todo, at, links = list(path.parts[1:]), Path(path.parts[0]), 0
    while todo:
        part = todo.pop(0)
        step = at.parent if part == ".." else at / part
        if step.is_symlink() and links < MOST_LINKS:
            yield step
            target, links = Path(os.readlink(step)), links + 1  # noqa: PTH115  # keeps the link's own text
            at, rest = (Path("/"), target.parts[1:]) if target.is_absolute() else (at, target.parts)
            todo[:0] = rest
            continue
        if len(step.parts) > top + 2 or not todo or not step.exists():
            yield step
        if not step.exists():
            return
        at = step
