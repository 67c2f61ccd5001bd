"""A second copy of the newest change sets, beside the repository (docs/decisions/0082).

The end of the log is the one part of a volume that follows from nothing else. An object is named by its hash,
so a copy that fits its id is proved to be what was lost, wherever it comes from.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from controlplane.errors import MailserverError
from controlplane.git import TREE, StateRepo, object_id

MOST = 4 << 20
"""Bytes of a file at which another one is begun; the one before is kept."""


class LogTail:
    """Two files, one line of JSON per object: the newer one is appended to, and only whole lines count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = path.with_name(path.name + ".1")

    def keep(self, repo: StateRepo, commit: str) -> None:
        """Copy the objects of a change set, without syncing and never failing the change."""
        with suppress(OSError, MailserverError):
            lines = b"".join(_line(kind, content) for kind, content in _objects(repo, commit))
            if self._path.exists() and self._path.stat().st_size > MOST:
                self._path.replace(self._before)
            with self._path.open("ab") as file:
                file.write(b"\n" + lines)  # the line before may have been cut by a kill

    def put_back(self, repo: StateRepo) -> int:
        """Restore every object that the repository cannot read and this copy has; returns how many."""
        count = 0
        for kind, content in self._kept():
            if not repo.is_sound(object_id(kind, content), kind):
                repo.put_object(kind, content)
                count += 1
        return count

    def _kept(self) -> Iterator[tuple[str, bytes]]:
        for path in (self._before, self._path):
            with suppress(OSError), path.open("rb") as file:
                for line in file:
                    with suppress(ValueError, KeyError, TypeError):
                        row = json.loads(line)
                        content = base64.b64decode(row["content"], validate=True)
                        if object_id(row["kind"], content) == row["id"]:
                            yield row["kind"], content


def _objects(repo: StateRepo, commit: str) -> Iterator[tuple[str, bytes]]:
    """A commit, then its trees and blobs."""
    tree = repo.commit_info(commit).tree
    yield "commit", repo.raw(commit, "commit")
    folders = [tree]
    while folders:
        folder = folders.pop()
        yield "tree", repo.raw(folder, "tree")
        for entry in repo.entries(folder).values():
            if entry.mode == TREE:
                folders.append(entry.id)
            else:
                yield "blob", repo.raw(entry.id, "blob")


def _line(kind: str, content: bytes) -> bytes:
    row = {"id": object_id(kind, content), "kind": kind, "content": base64.b64encode(content).decode("ascii")}
    return json.dumps(row).encode() + b"\n"
