"""Releases: branch `rendered` with one commit per release and one folder per node, and previews beside it.

A node's folder holds manifest.json and every rendered file under its path in the container.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from controlplane.errors import Corrupt, NotFound
from controlplane.git import (
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

BRANCH = "rendered"
PREVIEWS = "preview/"
MANIFEST = "manifest.json"

NodeFiles = Mapping[str, Mapping[str, tuple[bytes, int]]]
"""By node and path: content and git mode (0o100644 or 0o100755)."""


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
        self._beside: list[Beside] = []

    def newest(self) -> Release | None:
        """The last release, None before the first."""
        tip = self._repo.refs.get(BRANCH)
        return self.read(tip) if tip else None

    def begin(self, nodes: NodeFiles) -> None:
        """Begin to store the large files that the last tree has not, while the caller goes on to `write`."""
        self._beside = [
            Beside(self._repo.write_blob, content)
            for node, rendered in nodes.items()
            for name, (content, _) in rendered.items()
            if len(content) >= LARGE and self._known_id(f"{node}/{name}", content) == ""
        ]

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
        ids: dict[str, tuple[bytes, str]] = {}
        for node, rendered in nodes.items():
            for name, (content, mode) in rendered.items():
                path = f"{node}/{name}"
                identity = self._id(path, content)
                ids[path] = content, identity
                old = files.get(path)
                if old is not None and (old.id, old.mode) == (identity, mode):
                    del changes[path]
                else:
                    changes[path] = NewFile(content, mode, identity)
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
        try:
            manifest: dict[str, Any] = json.loads(self._repo.file(release.commit, f"{node}/{MANIFEST}"))
        except ValueError as error:
            raise Corrupt(f"{node}/{MANIFEST} in release {release.number} is not JSON: {error}") from error
        return manifest

    def diff(self, old: str, new: str) -> tuple[FileChange, ...]:
        """The files that differ between two trees, with line counts, by path; manifests are left out."""
        before = self._repo.tree_files(old, "the older release") if old else {}
        after = self._repo.tree_files(new, "the newer release") if new else {}
        return tuple(
            FileChange(path, *line_changes(self._content(before, path), self._content(after, path)))
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path) and not path.endswith("/" + MANIFEST)
        )

    def _content(self, files: Mapping[str, TreeEntry], path: str) -> bytes:
        return self._repo.blob(files[path].id, path) if path in files else b""


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
