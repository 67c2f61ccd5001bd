"""Ways in which a file comes to be damaged, and where an object's file lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.daemon.site import Site

Spoil = Callable[[Path], None]


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))


def _empty(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _lose(path: Path) -> None:
    path.unlink()


SPOILS: dict[str, Spoil] = {"flipped": _flip, "zero-length": _empty, "cut": _cut, "lost": _lose}


def object_path(site: Site, revision: str) -> Path:
    """The file of the loose object that a revision names."""
    oid = site.git("--git-dir", str(site.repository), "rev-parse", revision).stdout.strip()
    return site.repository / "objects" / oid[:2] / oid[2:]
