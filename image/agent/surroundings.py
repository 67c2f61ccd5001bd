"""Files below /etc that no release manages, as they were before user-patches.sh first touched them.

The script runs again with every release; what it appends to such a file must not add up. So before a run
each of them that is still as the script left it is put back, and what it newly touches is remembered. Kept in
the container's own file system, as these files are: a new container starts with those of the image.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from agent.atomic import read_json
from agent.disk import Stamp, blob_id
from agent.errors import Corrupt
from agent.log import log
from agent.manifest import AREAS
from agent.paths import ASIDE

LARGEST = 1024 * 1024
LEFT = ("alternatives", "apt", "ca-certificates", "ssl", "dms")
"""Folders of /etc where packages and the agent itself are at work."""
DATABASES = frozenset(
    {
        f"{name}{old}"
        for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
        for old in ("", "-")
    }
    | {"ld.so.cache", "mtab", "localtime", "timezone", "mailname"}
)
"""Files that a package's installation changes: undoing that would break what was installed."""

Seen = dict[str, tuple[Stamp, bytes]]
Index = dict[str, dict[str, str]]
"""Path to `before` (blob id of the content kept, "" for a file that was not there) and `left`."""


class Surroundings:
    """`folder` holds the index and the contents of before; paths are relative to `root`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._known: Index = {}
        self._left: dict[str, bytes] = {}
        self._seen: Seen = {}
        self._begun = False

    def begin(self, managed: Collection[str]) -> None:
        """Undo what the last run did, and remember how everything is; raises OSError."""
        self._known, self._left, self._seen, self._begun = self._index(), {}, {}, True
        for path, row in self._known.items():
            target = self._root / path
            content = target.read_bytes() if target.is_file() else b""
            if blob_id(content) != row["left"]:
                continue  # somebody else was at it since
            self._left[path] = content
            if row["before"]:
                # In place: a mounted file such as /etc/hosts cannot be replaced.
                target.write_bytes((self._folder / row["before"]).read_bytes())
            else:
                target.unlink()
        found = self._files(managed)
        self._seen = {path: (stamp, (self._root / path).read_bytes()) for path, stamp in found}

    def learn(self, managed: Collection[str]) -> set[str]:
        """Remember what the script changed; returns what is other now than before `begin`."""
        index: Index = {}
        for path, stamp in self._files(managed):
            before = self._seen.get(path)
            if (before and before[0] == stamp) or (not before and not path.startswith(AREAS)):
                continue  # a new file elsewhere may be a package's
            content = (self._root / path).read_bytes()
            if not before or before[1] != content:
                kept = self._keep(before[1]) if before else ""
                index[path] = {"before": kept, "left": blob_id(content)}
        self._save(index)
        known = self._known
        return {
            p
            for p in known.keys() | index.keys()
            if index.get(p, {}).get("left") != known.get(p, {}).get("left")
        }

    def undo(self) -> None:
        """As it was before `begin`, where that was called since the last `undo`."""
        if not self._begun:
            return
        self._begun = False
        for path, row in self._index().items():
            if path not in self._left:
                target = self._root / path
                if row["before"]:
                    target.write_bytes((self._folder / row["before"]).read_bytes())
                else:
                    target.unlink(missing_ok=True)
        for path, content in self._left.items():
            (self._root / path).write_bytes(content)
        self._save(self._known)

    def settle(self) -> None:
        """What was learned stays: there is nothing to undo."""
        self._begun = False

    def _keep(self, content: bytes) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = blob_id(content)
        (self._folder / name).write_bytes(content)
        return name

    def _save(self, index: Index) -> None:
        if not index and not self._folder.is_dir():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / "index.new"
        aside.write_text(json.dumps(index))
        aside.replace(self._folder / "index.json")

    def _index(self) -> Index:
        try:
            found: Index = read_json(self._folder / "index.json") or {}
        except Corrupt as error:
            log("what user-patches.sh did before is not known", reason=error)
            return {}
        return found

    def _files(self, managed: Collection[str]) -> Iterator[tuple[str, Stamp]]:
        top = self._root / "etc"
        for folder, folders, names in os.walk(top):
            if Path(folder) == top:
                folders[:] = [name for name in folders if name not in LEFT]
                names = [name for name in names if name not in DATABASES]
            for name in names:
                path = Path(folder, name).relative_to(self._root).as_posix()
                found = Path(folder, name).lstat()
                if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST or name.startswith(ASIDE):
                    continue
                if path not in managed and not path.endswith((".lmdb", ".svbin")):
                    yield path, (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)
