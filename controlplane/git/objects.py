"""Reads and writes blobs and trees; errors name the damaged object."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import pygit2

from controlplane.errors import Corrupt, Refused, Unavailable
from controlplane.git.handle import Handle
from controlplane.git.integrity import loose_size, read_loose
from controlplane.git.large_blobs import LARGE, write_stored
from wire.blobs import blob_id
from wire.durable import sync_folder

FILE, EXECUTABLE, TREE = 0o100644, 0o100755, 0o040000
"""Modes of tree entries (git-fast-import(1)); links (0o120000) and submodules (0o160000) are read as such."""

PLAIN = 1 << 15
"""Bytes from which on this process writes a blob by itself: while libgit2 syncs one, no other thread runs."""

T = TypeVar("T")
TRIES = 3

_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file of a tree: the id of its content and git's mode."""

    id: str
    mode: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """Content to write to a tree; `id` is its object id, where the caller knows it."""

    content: bytes
    mode: int = FILE
    id: str = ""


Change = NewFile | TreeEntry | None
"""The change of a path: new content, an existing object, or None to remove it."""


def store(write: Callable[[], T]) -> T:
    """Call a function that writes an object; raises Unavailable if it cannot be written.

    Tried again at once: git-prune-packed(1), which runs beside us, removes a folder of loose objects that it
    finds empty, and that may be after the library made it and before it renamed the object into it.
    """
    for _ in range(TRIES - 1):
        with suppress(pygit2.GitError, OSError):
            return write()
    try:
        return write()
    except (pygit2.GitError, OSError) as error:
        raise Unavailable(f"the state repo cannot be written: {error}") from error


class Objects:
    """The object database behind one repository handle."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.folder = Path(handle.repository.path) / "objects"
        self._folder = str(self.folder)
        self.large_written = 0
        """Bytes of the large blobs that were written through this handle, which lie loose at first."""

    @property
    def _repository(self) -> pygit2.Repository:
        return self._handle.repository

    def read(self, oid: str, kind: str, belongs: str = "") -> bytes:
        """The content of an object; raises Corrupt naming it and what it belongs to.

        What is read is hashed and compared with the id (in packs by libgit2), so a flipped byte is found.
        """
        belonging = f" of {belongs}" if belongs else ""
        try:
            loose = read_loose(self._folder, oid)
            if loose is not None:
                found, content = loose
            else:
                number, content = self._read_packed(oid)
                found = _KINDS.get(number, str(number))
        except KeyError:
            raise Corrupt(f"object {oid} ({kind}{belonging}) is missing") from None
        except (pygit2.GitError, OSError, ValueError, Corrupt) as error:
            raise Corrupt(f"object {oid} ({kind}{belonging}) is damaged: {error}") from error
        if found != kind:
            raise Corrupt(f"object {oid} ({kind}{belonging}) is a {found}")
        return content

    def _read_packed(self, oid: str) -> tuple[int, bytes]:
        """Kind and content of an object that is packed, or was loose a moment ago."""
        try:
            found: tuple[int, bytes] = self._repository.read(oid)
        except pygit2.GitError:
            # A pack known only by its index may have been replaced before the first read.
            if not self._handle.reopen():
                raise
            found = self._repository.read(oid)
        return found

    def entries(self, tree: str, belongs: str = "") -> dict[str, TreeEntry]:
        """The direct entries of a tree, folders included; raises Corrupt if it cannot be read."""
        raw, found, at = self.read(tree, "tree", belongs), {}, 0
        try:
            while at < len(raw):
                space = raw.index(b" ", at)
                end = raw.index(b"\0", space)
                name = raw[space + 1 : end].decode("utf-8", "surrogateescape")
                found[name] = TreeEntry(raw[end + 1 : end + 21].hex(), int(raw[at:space], 8))
                at = end + 21
        except ValueError as error:
            raise Corrupt(f"object {tree} (tree of {belongs}) is malformed") from error
        return found

    def size(self, oid: str) -> int:
        """The size of an object in bytes, without unpacking it; 0 if it is missing or damaged."""
        loose = loose_size(self._folder, oid)
        if loose is not None:
            return loose
        try:
            return int(self._repository.odb.read_header(pygit2.Oid(hex=oid))[1])
        except (KeyError, ValueError, pygit2.GitError):
            return 0

    def flatten(self, tree: str, belongs: str = "", most: int = 0) -> dict[str, TreeEntry]:
        """Every file below a tree by its path, in git's order.

        With `most`, raises Refused for a tree of more files and folders: a few small objects that name
        each other can stand for more paths than fit into any memory.
        """
        walk = _Walk(self, belongs, most)
        walk.enter(tree, "", 0)
        return walk.files

    def write_blob(self, content: bytes, oid: str = "") -> str:
        """Store content as a blob; returns its id, which is computed unless the caller knows it."""
        if len(content) < PLAIN:
            return str(store(lambda: self._repository.create_blob(content)))
        oid = oid or blob_id(content)
        if pygit2.Oid(hex=oid) not in self._repository.odb:
            store(lambda: write_stored(self.folder, oid, content))
            self.large_written += len(content) if len(content) >= LARGE else 0
        return oid

    def write_tree(self, base: str, changes: Mapping[str, Change]) -> str:
        """Write the tree that results from `base` (empty: no tree) with these paths changed; returns its id.

        Only the folders above a change are written again. A folder that becomes empty goes.
        """
        return self._write_folder(base, sorted((p.split("/"), c) for p, c in changes.items()))

    def write(self, kind: str, content: bytes) -> str:
        """Store an object as it is, without checking what it refers to; returns its id."""
        return str(store(lambda: self._repository.write(_NUMBERS[kind], content)))

    def _write_folder(self, base: str, changes: list[tuple[list[str], Change]]) -> str:
        after = self.entries(base) if base else {}
        for name, group in groupby(changes, key=lambda change: change[0][0]):
            entry = self._entry(after.get(name), [(parts[1:], change) for parts, change in group])
            if entry is not None:
                after[name] = entry
            else:
                after.pop(name, None)
        return self.write("tree", encode_tree(after))

    def _entry(self, old: TreeEntry | None, changes: list[tuple[list[str], Change]]) -> TreeEntry | None:
        deeper, own = [each for each in changes if each[0]], [each for each in changes if not each[0]]
        if deeper:
            below = old.id if old and old.mode == TREE else ""
            tree = self._write_folder(below, deeper)
            if tree != EMPTY_TREE:
                return TreeEntry(tree, TREE)
        change = own[0][1] if own else None  # a file may take the place of a folder that is emptied
        if isinstance(change, NewFile):
            return TreeEntry(self.write_blob(change.content, change.id), change.mode)
        return change


def encode_tree(entries: Mapping[str, TreeEntry]) -> bytes:
    """A tree as git stores it: sorted by name, a folder as if its name ended in a slash."""

    def order(item: tuple[str, TreeEntry]) -> bytes:
        name, entry = item
        return name.encode("utf-8", "surrogateescape") + (b"/" if entry.mode == TREE else b"")

    return b"".join(
        b"%o %s\0" % (entry.mode, name.encode("utf-8", "surrogateescape")) + bytes.fromhex(entry.id)
        for name, entry in sorted(entries.items(), key=order)
    )


class _Walk:
    """A walk over a tree, and what it has found so far."""

    def __init__(self, objects: Objects, belongs: str, most: int) -> None:
        self._objects, self._belongs, self._most = objects, belongs, most
        self._seen = 0
        self.files: dict[str, TreeEntry] = {}

    def enter(self, tree: str, prefix: str, depth: int) -> None:
        belongs = self._belongs
        if prefix:
            belongs = f"{prefix[:-1]} in {belongs}" if belongs else prefix[:-1]
        entries = self._objects.entries(tree, belongs)
        self._seen += len(entries)
        if self._most and self._seen > self._most:
            raise Refused.because(
                f"there are more than {self._most:,} files and folders", "keep to mailserver.env and config/"
            )
        if self._most and depth > MAX_DEPTH:
            raise Refused.because(f"folders lie more than {MAX_DEPTH} deep", "keep the tree flat")
        for name, entry in entries.items():
            if entry.mode == TREE:
                self.enter(entry.id, f"{prefix}{name}/", depth + 1)
            else:
                self.files[prefix + name] = entry


MAX_DEPTH = 100
"""The deepest nesting of folders in a tree from outside; far below what the interpreter's stack takes."""

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The id of a tree without entries."""


def prepare_fan_out(git_dir: Path) -> None:
    """Create the 256 folders of loose objects, durably.

    libgit2 syncs an object and its folder, not the folder's own name in `objects`.
    """
    objects = git_dir / "objects"
    missing = [objects / f"{number:02x}" for number in range(256)]
    missing = [folder for folder in missing if not folder.is_dir()]
    for folder in missing:
        folder.mkdir(exist_ok=True)
    if missing:
        sync_folder(objects)


def flush(git_dir: Path) -> None:
    """Sync the folders of objects and references after git moved a push into place by renames."""
    for folder in (git_dir / "objects").iterdir():
        if folder.is_dir() and len(folder.name) in (2, 4):  # fan-out and "pack"
            sync_folder(folder)
    for name, _, _ in os.walk(git_dir / "refs"):
        sync_folder(Path(name))
    sync_folder(git_dir)
