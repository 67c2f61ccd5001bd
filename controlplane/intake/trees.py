"""Reads `main` out of git, and writes rendered nodes into it."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.errors import Corrupt, Refused
from controlplane.git import EXECUTABLE, FILE, Change, NewFile, StateRepo, TreeEntry, tree_objects
from controlplane.release import MANIFEST, Content, NodeFiles, each_file
from controlplane.statefiles.parsed import printable
from controlplane.statefiles.tree import SUBMODULE, TreeFile
from renderers.release import NodeTree, NodeTrees
from renderers.service import RenderedFile

Files = Mapping[str, TreeFile]

MAX_FILES = 10_000
MAX_RECORDS = 64 << 20
"""The most bytes of one file; files with one row per account are the largest."""
MAX_TREE = 2 * MAX_RECORDS
"""The most bytes of all distinct files together."""


class MainReader:
    """Reads trees of `main`, without reading again what the last tree already had."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], TreeFile] = {}

    def read(self, repo: StateRepo, commit: str) -> Files:
        """Every file of a commit; none for the empty id."""
        return self.read_entries(repo, repo.files(commit, most=2 * MAX_FILES))

    def learn(self, entry: TreeEntry, file: TreeFile) -> None:
        """Remember a file that was written just now, so that it is not read back."""
        self._known[entry.id, entry.mode] = file

    def read_entries(self, repo: StateRepo, entries: Mapping[str, TreeEntry]) -> Files:
        """The files of these entries; raises Refused if they exceed the limits."""
        known: dict[tuple[str, int], TreeFile] = {}
        files, room = {}, MAX_TREE
        for path, entry in entries.items():
            key = (entry.id, entry.mode)
            if key not in known:
                known[key] = self._known.get(key) or _read(repo, path, entry, room)
                room -= len(known[key].content)
            files[path] = known[key]
        self._known = known
        return files


def readable(repo: StateRepo, commit: str) -> tuple[Files, tuple[str, ...]]:
    """The readable files of a commit, and the unreadable paths (or a text that stands for all of them)."""
    try:
        entries = repo.files(commit)
    except Corrupt as error:
        return {}, (str(error),)
    files: dict[str, TreeFile] = {}
    lost: list[str] = []
    for path, entry in entries.items():
        try:
            files[path] = _read(repo, path, entry, MAX_TREE)
        except Corrupt:
            lost.append(path)
    return files, tuple(lost)


def with_changes(repo: StateRepo, files: Files, changes: Mapping[str, Change]) -> Files:
    """The files as they would be after changes that are not written yet."""
    changed = dict(files)
    for path, change in changes.items():
        if change is None:
            changed.pop(path, None)
        elif isinstance(change, NewFile):
            changed[path] = TreeFile(change.content, change.mode)
        else:
            changed[path] = _read(repo, path, change, MAX_TREE)
    return changed


def node_files(trees: NodeTrees) -> NodeFiles:
    """Rendered nodes as a release keeps them: each one's files and its manifest, in the node's folder."""
    return {node: _kept(tree) for node, tree in trees.items()}


def manifests(trees: NodeTrees) -> dict[str, bytes]:
    """The manifest of each node."""
    return {node: tree.manifest for node, tree in trees.items()}


def _kept(tree: NodeTree) -> Mapping[str, tuple[Content, int]]:
    files = {
        path: (tree.large.get(path, file.content), EXECUTABLE if file.mode & 0o111 else FILE)
        for path, file in tree.files.items()
        if isinstance(file, RenderedFile)
    }
    return {**files, MANIFEST: (tree.manifest, FILE)}


def tree_id(nodes: NodeFiles) -> str:
    """The id of the tree of rendered nodes, without writing it."""
    return list(tree_objects(each_file(nodes)))[-1]


def _read(repo: StateRepo, path: str, entry: TreeEntry, room: int) -> TreeFile:
    if entry.mode == SUBMODULE:
        return TreeFile(b"", entry.mode)
    # The size is checked before unpacking: gigabytes of zeros are small in a push and large in memory.
    size, most = repo.blob_size(entry.id), min(room, MAX_RECORDS)
    if size > most:
        message = f"it is {size:,} bytes large, at most {most:,} are taken"
        raise Refused.because(message, "make it smaller", printable(path))
    return TreeFile(repo.blob(entry.id, f"{path} on main"), entry.mode)
