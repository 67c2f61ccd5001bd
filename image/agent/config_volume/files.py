"""The files on the config volume with their blob ids, and those that are left out, with the reason."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from pathlib import Path

from agent.config_volume.projection import LARGEST, stays
from agent.files import beneath
from agent.files.managed import Stamp, stamp_of
from wire.blobs import blob_id

LINK = "is a symbolic link, and links are not followed here: put the file itself in its place"
FOLDER = "is a folder where `main` has a file: move it away, and the file is written again"
NO_FILE = "is neither a file nor a folder, so there is nothing to read: put a regular file in its place"


class VolumeFiles:
    """The files of the folder; by their stamps, unchanged ones are not read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed: dict[str, str] = {}
        """Paths that the last `look` left out, each with the reason."""
        self._stamps: dict[str, tuple[Stamp, str]] = {}

    def look(self, known: Container[str]) -> dict[str, str]:
        """Path to blob id of every regular file; `known` are the paths that `main` has or had."""
        self.passed = {}
        return dict(self._files(known))

    def _files(self, known: Container[str]) -> Iterator[tuple[str, str]]:
        for folder, folders, names, handle in os.fwalk(self.folder, follow_symlinks=False):
            for name in (*folders, *names):
                path = Path(folder, name).relative_to(self.folder).as_posix()
                try:
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                    if (path in known or not stays(path)) and self._fits(path, found, known):
                        yield path, self._blob(path, handle, name, found)
                except OSError as error:
                    if not isinstance(error, FileNotFoundError):
                        self.passed[path] = f"cannot be read: {error.strerror}"

    def _fits(self, path: str, found: os.stat_result, known: Container[str]) -> bool:
        """Whether this is a file that can be recorded; adds to `passed` what cannot."""
        if stat.S_ISDIR(found.st_mode):
            if path in known:
                self.passed[path] = FOLDER
            return False
        if stat.S_ISLNK(found.st_mode):
            self.passed[path] = LINK
        elif not stat.S_ISREG(found.st_mode):
            self.passed[path] = NO_FILE
        elif not path.isprintable():
            self.passed[path] = "has a name that cannot be recorded: rename it"
        elif found.st_size > LARGEST:
            self.passed[path] = (
                f"is larger than {LARGEST // 1024 // 1024} MiB: move it away, or make it smaller"
            )
        return path not in self.passed

    def _blob(self, path: str, folder: int, name: str, found: os.stat_result) -> str:
        known = self._stamps.get(path)
        if known is None or known[0] != stamp_of(found):
            content, found = beneath.read_in(folder, name, LARGEST)
            known = self._stamps[path] = (stamp_of(found), blob_id(content))
        return known[1]
