"""Reads a release back as what it was rendered to, whatever version rendered it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from controlplane.errors import Corrupt
from controlplane.git import StateRepo
from controlplane.release import MANIFEST, Release, Releases
from renderers.release import NodeTree, NodeTrees
from renderers.service import AnyFile, CertificateFile, Origin, RenderedFile
from wire.manifest import Entry
from wire.parts import in_sizes


def read_release(repo: StateRepo, release: Release) -> NodeTrees:
    """The nodes of a release; raises Corrupt where its manifest cannot be read."""
    releases = Releases(repo)
    found = releases.files(release.tree)
    nodes = [node for node, _, name in (path.partition("/") for path in found) if name == MANIFEST]

    def reader(node: str) -> Callable[[str], bytes]:
        own = {path.removeprefix(f"{node}/"): entries for path, entries in found.items()}
        return lambda path: releases.content({path: own[path]}, path)

    return {node: read_node(reader(node)) for node in nodes}


def read_node(content: Callable[[str], bytes]) -> NodeTree:
    """A node from its manifest and its files; `content` reads one. Raises Corrupt."""
    manifest = content(MANIFEST)
    try:
        rows: dict[str, dict[str, Any]] = json.loads(manifest)["files"]
        owners = {path: str(row["service"]) for path, row in rows.items()}
        files = {path: _file(path, row, content) for path, row in rows.items()}
        large = {
            path: in_sizes(file.content, [part.size for part in Entry.read(path, rows[path]).parts])
            for path, file in files.items()
            if isinstance(file, RenderedFile) and "parts" in rows[path]
        }
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Corrupt(f"{MANIFEST} is none that this version can read: {error!r}") from error
    return NodeTree(files, owners, manifest, large)


def without_origins(trees: NodeTrees) -> NodeTrees:
    """The nodes without the lines of `main` that theirs come from: these make no other file."""
    return {
        node: replace(tree, files={path: _bare(file) for path, file in tree.files.items()})
        for node, tree in trees.items()
    }


def _bare(file: AnyFile) -> AnyFile:
    return replace(file, origins=()) if isinstance(file, RenderedFile) else file


def _file(path: str, row: dict[str, Any], content: Callable[[str], bytes]) -> AnyFile:
    entry, service = Entry.read(path, row), row["service"]
    if entry.slot:
        place = (entry.action, entry.services, entry.mode, entry.owner)
        return CertificateFile(path, entry.slot, entry.part, entry.identity, *place)
    own = entry.services[:1] == (service,)
    return RenderedFile(
        path,
        content(path),
        entry.action,
        entry.mode,
        entry.owner,
        entry.compile,
        origins=tuple(Origin(int(line), str(source), int(at)) for line, source, at in row.get("origins", ())),
        restart_on=entry.restart_on,
        fill=entry.fill,
        also=entry.services[1:] if own else (),
        readers=() if own else entry.services,
    )
