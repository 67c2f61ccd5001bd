"""Releases: branch `rendered` with one commit per release and one folder per node, and previews beside it.

A node's folder holds manifest.json and every rendered file under its path in the container; of a large file
its parts, in a folder of its name (wire/parts.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from functools import partial
from typing import Any

from controlplane.errors import Corrupt, NotFound
from controlplane.git import (
    FILE,
    LARGE,
    SERVER,
    Beside,
    Change,
    CommitInfo,
    NewFile,
    StateRepo,
    TreeEntry,
    format_message,
)
from wire.blobs import blob_id
from wire.common_ends import differing_lines
from wire.parts import Parted, part_name

BRANCH = "rendered"
PREVIEWS = "preview/"
MANIFEST = "manifest.json"

Content = bytes | Parted
NodeFiles = Mapping[str, Mapping[str, tuple[Content, int]]]
"""By node and path: content and git mode (0o100644 or 0o100755); the mode of parts is 0o100644."""
AT_ONCE = 8
"""Threads that store the parts of a file which is new: the disk syncs what several of them wrote together."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a release was rendered from."""

    log_position: int
    log_commit: str
    main_commit: str
    renderer: str


@dataclass(frozen=True, slots=True)
class Release:
    """A stored release. Numbers count from 1; a preview has number 0. `time` is that of the change set."""

    number: int
    commit: str
    tree: str
    time: datetime
    basis: Basis


@dataclass(frozen=True, slots=True)
class FileChange:
    """A rendered file that differs between two trees; the path starts with the node's name."""

    path: str
    added: int
    removed: int


class Releases:
    """The releases of one state repo. Writing needs the writer's lock."""

    def __init__(self, repo: StateRepo) -> None:
        self._repo = repo
        self._ids: dict[str, tuple[bytes, str]] = {}
        """Content and blob id of each file of the last tree: what stays is not hashed again."""
        self._parts: dict[str, Parted] = {}
        """Its large files."""
        self._beside: list[Beside] = []

    def newest(self) -> Release | None:
        """The last release, None before the first."""
        tip = self._repo.refs.get(BRANCH)
        return self.read(tip) if tip else None

    def begin(self, nodes: NodeFiles) -> None:
        """Begin to store what the last tree has not of large files, while the caller goes on to `write`."""
        self._beside = []
        for path, content, _ in _each(nodes):
            if isinstance(content, Parted):
                self._begin_parts(path, content)
            elif len(content) >= LARGE and self._known_id(path, content) == "":
                self._beside.append(Beside(self._repo.write_blob, content))

    def _begin_parts(self, path: str, file: Parted) -> None:
        known = self._parts.get(path)
        old = frozenset(known.ids) if known else frozenset()
        new = [(start, end) for _, oid, start, end in file.named() if oid not in old]
        for first in range(min(len(new), AT_ONCE)):
            store = partial(self._store, new[first::AT_ONCE])
            self._beside.append(Beside(store, file.content))

    def _store(self, spans: Iterable[tuple[int, int]], content: bytes) -> str:
        for start, end in spans:
            self._repo.write_blob(content[start:end])
        return ""

    def _known_id(self, path: str, content: bytes) -> str:
        known = self._ids.get(path)
        return known[1] if known and known[0] is content else ""

    def _id(self, path: str, content: bytes) -> str:
        begun = next((each.result() for each in self._beside if each.content is content), "")
        return self._known_id(path, content) or begun or blob_id(content)

    def tree(self, nodes: NodeFiles, base: str = "") -> str:
        """Store rendered files as a tree; what the tree `base` has is not written again."""
        files = self._repo.tree_files(base, "the release before") if base else {}
        changes: dict[str, Change] = dict.fromkeys(files)
        self._parts, ids = {}, dict[str, tuple[bytes, str]]()
        for path, content, mode in _each(nodes):
            if isinstance(content, Parted):
                self._parts[path] = content
                rows = [(f"{path}/{n}", oid, FILE, slice(*span)) for n, oid, *span in content.named()]
                content = content.content
            else:
                identity = self._id(path, content)
                ids[path] = content, identity
                rows = [(path, identity, mode, slice(None))]
            for name, identity, bits, span in rows:
                if files.get(name) == TreeEntry(identity, bits):
                    del changes[name]
                else:
                    changes[name] = NewFile(content[span], bits, identity)
        for each in self._beside:
            each.join()
        self._ids, self._beside = ids, []
        return self._repo.write_tree(base, changes) if changes or not base else base

    def write(self, nodes: NodeFiles, basis: Basis, time: datetime) -> Release:
        """Make a release and move `rendered` to it; returns the newest one if no file differs from it."""
        newest = self.newest()
        tree = self.tree(nodes, newest.tree if newest else "")
        if newest is not None and newest.tree == tree:
            return newest
        number = newest.number + 1 if newest else 1
        parent = newest.commit if newest else ""
        return self.read(self._repo.commit(BRANCH, parent, tree, message(number, basis), SERVER, time))

    def make(self, number: int, parent: str, tree: str, basis: Basis, time: datetime) -> str:
        """Store the commit of a release without moving a branch; the same arguments give the same commit."""
        parents = (parent,) if parent else ()
        return self._repo.write_commit(tree, parents, message(number, basis), SERVER, time)

    def preview(self, branch: str, nodes: NodeFiles, basis: Basis, time: datetime) -> Release:
        """Put what a branch would render at `preview/<branch>`, on top of the newest release."""
        newest = self.newest()
        tree = self.tree(nodes, newest.tree if newest else "")
        said = format_message(f"Preview of {branch}", _trailers(basis))
        parents = (newest.commit,) if newest else ()
        commit = self._repo.write_commit(tree, parents, said, SERVER, time)
        name = PREVIEWS + branch
        self._repo.refs.swap(name, self._repo.refs.get(name), commit)
        return self.read(commit)

    def drop_preview(self, branch: str) -> None:
        """Remove the preview of a branch, if there is one."""
        commit = self._repo.refs.get(PREVIEWS + branch)
        if commit:
            self._repo.refs.swap(PREVIEWS + branch, commit, "")

    def read(self, commit: str) -> Release:
        """The release (or preview) that a commit holds; raises Corrupt when it is none."""
        return _release(self._repo.commit_info(commit, "a release"))

    def newest_first(self) -> Iterator[Release]:
        """All releases, newest first."""
        return map(_release, self._repo.history(self._repo.refs.get(BRANCH)))

    def by_number(self, number: int) -> Release:
        """The release with that number; raises NotFound. Costs one step per newer release."""
        newest = self.newest()
        if newest is None or not 1 <= number <= newest.number:
            raise NotFound(f"there is no release {number}")
        chain = self._repo.chain(newest.commit, limit=newest.number - number + 1)
        found = self.read(chain[-1])
        if found.number != number:
            raise Corrupt(f"commit {found.commit} should be release {number} and says {found.number}")
        return found

    def manifest(self, release: Release, node: str) -> dict[str, Any]:
        """A node's manifest.json; raises NotFound for a node that the release does not know."""
        path = f"{node}/{MANIFEST}"
        return _decoded(self._repo.file(release.commit, path), f"{path} in release {release.number}")

    def diff(self, old: str, new: str) -> tuple[FileChange, ...]:
        """The files that differ between two trees, with line counts, by path; manifests are left out."""
        before, after = self.files(old), self.files(new)
        return tuple(
            FileChange(path, *line_changes(self.content(before, path), self.content(after, path)))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path) and not path.endswith("/" + MANIFEST)
        )

    def files(self, tree: str) -> dict[str, tuple[TreeEntry, ...]]:
        """The rendered files of a tree (empty: none) by path, which starts with the node's name.

        Each is one blob, or the parts of a large file in their order.
        """
        entries = self._repo.tree_files(tree, "a release") if tree else {}
        found: dict[str, tuple[TreeEntry, ...]] = {}
        for path in [path for path in entries if path.endswith(f"/{MANIFEST}")]:
            node = path.removesuffix(MANIFEST)
            for name, count in _counts(_decoded(self._repo.blob(entries[path].id, path), path)).items():
                names = [f"{node}{name}/{part_name(number)}" for number in range(count)]
                if missing := [each for each in names if each not in entries]:
                    raise Corrupt(f"{missing[0]} is not in the release")
                found[f"{node}{name}"] = tuple(entries.pop(each) for each in names)
        return found | {path: (entry,) for path, entry in entries.items()}

    def content(self, files: Mapping[str, tuple[TreeEntry, ...]], path: str) -> bytes:
        """What a file holds, whole; nothing where these `files` have none of that path."""
        return b"".join(self._repo.blob(entry.id, path) for entry in files.get(path, ()))


def each_file(nodes: NodeFiles) -> dict[str, tuple[bytes, int]]:
    """Content and mode of each file as git has it, by path: of a large one its parts."""
    found: dict[str, tuple[bytes, int]] = {}
    for path, content, mode in _each(nodes):
        if isinstance(content, Parted):
            for name, _, start, end in content.named():
                found[f"{path}/{name}"] = content.content[start:end], FILE
        else:
            found[path] = content, mode
    return found


def _each(nodes: NodeFiles) -> Iterator[tuple[str, Content, int]]:
    """Path, content and mode of each file."""
    for node, rendered in nodes.items():
        for name, (content, mode) in rendered.items():
            yield f"{node}/{name}", content, mode


def _decoded(content: bytes, name: str) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise Corrupt(f"{name} is not JSON: {error}") from error
    return manifest


def _counts(manifest: dict[str, Any]) -> dict[str, int]:
    """The number of parts of each large file that a manifest lists."""
    try:
        rows = manifest["files"].items()
        return {path: len(row["parts"]) for path, row in rows if "parts" in row}
    except (KeyError, TypeError, AttributeError) as error:
        raise Corrupt(f"{MANIFEST} is none that this version can read: {error!r}") from error


def message(number: int, basis: Basis) -> str:
    """The commit message of a release."""
    return format_message(f"Release {number}", _trailers(basis) | {"Release": str(number)})


def _trailers(basis: Basis) -> dict[str, str]:
    return {
        "Log-Position": str(basis.log_position),
        "Log-Commit": basis.log_commit,
        "Main-Commit": basis.main_commit,
        "Renderer-Version": basis.renderer,
    }


def _release(info: CommitInfo) -> Release:
    said = info.trailers
    try:
        number, position = int(said.get("Release", "0")), int(said["Log-Position"])
    except (KeyError, ValueError):
        raise Corrupt(f"commit {info.id} is not a release: its message names no log position") from None
    return Release(
        number=number,
        commit=info.id,
        tree=info.tree,
        time=info.time,
        basis=Basis(
            position,
            said.get("Log-Commit", ""),
            said.get("Main-Commit", ""),
            said.get("Renderer-Version", ""),
        ),
    )


_DIFFED_LINES = 2_000
"""Up to here the middle that differs is compared line by line; above, lines are only counted."""


def line_changes(old: bytes, new: bytes) -> tuple[int, int]:
    """The numbers of added and removed lines. In a large rewrite, lines that only moved do not count."""
    before, after = (text.splitlines() for text in differing_lines(old, new)[:2])
    start, shorter = 0, min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    if not before or not after:
        return len(after), len(before)
    if len(before) + len(after) > _DIFFED_LINES:
        kept = (Counter(before) & Counter(after)).total()
    else:
        blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
        kept = sum(block.size for block in blocks)
    return len(after) - kept, len(before) - kept
