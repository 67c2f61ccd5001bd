"""Restores damaged objects: an id is the hash of a content, so writing the same content heals it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from controlplane.errors import Unavailable
from controlplane.git.durability import write_atomically
from controlplane.git.merge import scrubbed_environment
from controlplane.git.objects import TREE, TreeEntry, encode_tree

SCAN_SECONDS = 600.0


def object_id(kind: str, content: bytes) -> str:
    """The id that git gives an object."""
    return hashlib.sha1(_stored(kind, content), usedforsecurity=False).hexdigest()


def put_loose(git_dir: Path, kind: str, content: bytes) -> str:
    """Write an object as a loose file, replacing whatever is there; returns its id.

    libgit2 writes nothing where a file of that name is there, damaged or not.
    """
    oid = object_id(kind, content)
    path = git_dir / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, zlib.compress(_stored(kind, content), 1), 0o444)
    return oid


def tree_objects(files: Mapping[str, tuple[bytes, int]]) -> dict[str, tuple[str, bytes]]:
    """All objects of a tree of files (content and mode by path), by id; the tree itself comes last."""
    found: dict[str, tuple[str, bytes]] = {}
    _tree({tuple(path.split("/")): file for path, file in files.items()}, found)
    return found


def _tree(files: Mapping[tuple[str, ...], tuple[bytes, int]], found: dict[str, tuple[str, bytes]]) -> str:
    entries: dict[str, TreeEntry] = {}
    folders: dict[str, dict[tuple[str, ...], tuple[bytes, int]]] = {}
    for path, (content, mode) in files.items():
        if len(path) > 1:
            folders.setdefault(path[0], {})[path[1:]] = (content, mode)
            continue
        oid = object_id("blob", content)
        found[oid] = ("blob", content)
        entries[path[0]] = TreeEntry(oid, mode)
    for name, below in folders.items():
        entries[name] = TreeEntry(_tree(below, found), TREE)
    return _remember("tree", encode_tree(entries), found)


def _remember(kind: str, content: bytes, found: dict[str, tuple[str, bytes]]) -> str:
    oid = object_id(kind, content)
    found.pop(oid, None)
    found[oid] = (kind, content)
    return oid


def all_commits(git_dir: Path) -> list[str]:
    """Every commit in the object database, whether or not a branch leads to it."""
    said = _git(git_dir, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    rows = (line.split(b" ") for line in said.splitlines())
    return [row[0].decode("ascii") for row in rows if row[1:] == [b"commit"]]


def set_packs_aside(git_dir: Path, packs: Iterable[str], keep: Path) -> None:
    """Move damaged packs to a folder and write their readable objects loose."""
    for name in packs:
        pack = git_dir / "objects/pack" / name
        left = _indexed(pack.with_suffix(".idx"))
        while left:
            # git stops at a damaged object: the next run begins after it.
            left = left[_unpack(git_dir, left) + 1 :]
        for other in sorted(pack.parent.glob(f"{pack.stem}.*")):
            shutil.move(other, keep / other.name)
        # git reads nothing of a truncated pack through its index; its stream of objects may be intact.
        with (keep / name).open("rb") as stream:
            _git(git_dir, "unpack-objects", "-r", "-q", stdin=stream, fails=True)


def _unpack(git_dir: Path, ids: list[str]) -> int:
    """Write these objects loose up to the first unreadable one; returns how many were written."""
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as found:
        asked.write("\n".join(ids).encode() + b"\n")
        asked.seek(0)
        _git(git_dir, "cat-file", "--batch", stdin=asked, stdout=found, fails=True)
        found.seek(0)
        count = 0
        for oid, (kind, content) in zip(ids, _batch(found), strict=False):
            count += 1
            if kind and object_id(kind, content) == oid:
                put_loose(git_dir, kind, content)
    return count


def _indexed(index: Path) -> list[str]:
    """The ids that the index of a pack names (gitformat-pack(5), version 2)."""
    raw = index.read_bytes()
    count = int.from_bytes(raw[8 + 255 * 4 : 8 + 256 * 4], "big")
    start = 8 + 256 * 4
    return [raw[at : at + 20].hex() for at in range(start, start + count * 20, 20)]


def _batch(found: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The output of git-cat-file(1) per object; the kind is empty if it could not be read.

    git prints an object's size before it reads the object: where it ended there, no content follows.
    """
    while line := found.readline():
        words = line.split()
        if len(words) == 3 and words[2].isdigit():
            content = found.read(int(words[2]))
            if found.read(1) != b"\n":
                return
            yield words[1].decode("ascii"), content
        else:
            yield "", b""


def _git(
    git_dir: Path,
    *arguments: str,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    stdout: IO[bytes] | int = subprocess.PIPE,
    fails: bool = False,
) -> bytes:
    command = [shutil.which("git") or "git", "--git-dir", str(git_dir), *arguments]
    try:
        done = subprocess.run(
            command,
            env=scrubbed_environment(),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            timeout=SCAN_SECONDS,
            check=not fails,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"git could not look at the objects: {error}") from error
    return done.stdout or b""


def _stored(kind: str, content: bytes) -> bytes:
    return b"%s %d\0" % (kind.encode(), len(content)) + content


def damaged_packs(faults: Mapping[str, str], git_dir: Path) -> Iterator[str]:
    """The names of the packs in which `pack_faults` finds something."""
    for pack in sorted((git_dir / "objects/pack").glob("*.pack")):
        if any(pack.stem in message for message in faults.values()):
            yield pack.name
