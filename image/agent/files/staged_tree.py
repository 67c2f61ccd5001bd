"""The configuration folders as a release would leave them: staged files, and links to what nobody manages."""

from __future__ import annotations

import os
import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.errors import Problem
from agent.files.staging import cool
from agent.paths import ASIDE
from agent.release.manifest import Content, Release
from wire.config_folder import PLACE
from wire.manifest import TABLES, Action, Compile, Entry

PRODUCTS = (".svbin", *sorted({ending for _, ending in TABLES.values()}))


Relocate = Callable[["StagedTree", bytes], bytes]
"""Makes the content of a file point to the staged tree instead of the live folders."""


class StagedTree:
    """A private folder laid out as the root, for one check; a context manager that removes it.

    `relocations` make the files of a service, by its name, point to the staged tree.
    """

    def __init__(
        self,
        root: Path,
        scratch: Path,
        content: Content,
        base: Release,
        target: Release,
        relocations: Mapping[str, Relocate] | None = None,
    ) -> None:
        self.root, self.content, self.base, self.target = root, content, base, target
        self._relocations = relocations or {}
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="check-", dir=scratch))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, target: str) -> Path:
        """Where a target path lies in the staged tree."""
        return self.folder / target

    def text(self, target: str) -> str:
        """A staged file as text, "" when the release does not have it."""
        entry = self.target.files.get(target)
        return self.content(entry).decode("utf-8", "replace") if entry and not entry.slot else ""

    def build(self, service: str, config: str) -> None:
        """Lay out one service's files and, whole, its folder. Files that no checker reads are empty."""
        if config:
            self._link_unmanaged(self.root / config)
        if not self.path(PLACE).exists():
            self._link_unmanaged(self.root / PLACE)
        for entry in self.target.files.values():
            if service in entry.services and not entry.slot:
                self.write(entry)

    def write(self, entry: Entry) -> Path:
        """Write one staged file."""
        place = self.path(entry.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        wanted = entry.action != Action.NONE or entry.compile == Compile.SIEVE
        content = self.content(entry) if wanted or self.changed(entry) else b""
        for service, relocate in self._relocations.items():
            if service in entry.services:
                content = relocate(self, content)
        place.unlink(missing_ok=True)
        place.write_bytes(content)
        cool(place)
        return place

    def changed(self, entry: Entry) -> bool:
        """Whether a file differs from the release that serves."""
        return self.base.files.get(entry.path) != entry

    def problem(self, service: str, found: str, line: int, message: str) -> Problem:
        """A problem at a path that a checker printed: the staged tree's folder is taken off."""
        path = found.removeprefix(str(self.folder)).lstrip("/")
        return Problem(service, path, line, message.replace(str(self.folder), ""))

    def entry(self, path: str) -> Entry | None:
        """The file of the release that an absolute path names, wherever it lies."""
        return self.target.files.get(_name(path))

    def exists(self, path: str) -> bool:
        """Whether an absolute path will be there once the release is applied."""
        return self.entry(path) is not None or self.unmanaged(path) is not None

    def unmanaged(self, path: str) -> Path | None:
        """Where something that no release manages lies now, by its absolute path; None where nothing is."""
        name = _name(path)
        if name in self.target.files or name in self.base.files:
            return None
        live = self.root / name
        return live if live.exists() else None

    def _link_unmanaged(self, top: Path) -> None:
        managed = self.base.files.keys() | self.target.files.keys()
        for folder, folders, names in os.walk(top):
            place = self.path(Path(folder).relative_to(self.root).as_posix())
            place.mkdir(parents=True, exist_ok=True)
            for name in (*names, *(f for f in folders if Path(folder, f).is_symlink())):
                live = Path(folder, name)
                path = live.relative_to(self.root).as_posix()
                source = path.rpartition(".")[0] if path.endswith(PRODUCTS) else path
                if path not in managed and source not in managed and not name.startswith(ASIDE):
                    (place / name).symlink_to(live)


def _name(path: str) -> str:
    """An absolute path as a release names it."""
    return posixpath.normpath("/" + path.lstrip("/"))[1:]


def changed_services(base: Release, target: Release) -> set[str]:
    """Services some of whose files differ."""
    paths: Iterable[str] = base.files.keys() | target.files.keys()
    entries = [
        r.files[p]
        for p in paths
        if base.files.get(p) != target.files.get(p)
        for r in (base, target)
        if p in r.files
    ]
    return {service for entry in entries for service in entry.services}
