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

LINK = "is a symbolic link that {}, and only those within the volume are followed: put the file itself there"
CIRCLE = "is a symbolic link to a folder that it is in"
MANY = "is one of more than {} links to folders: put the folder itself here"
MOST_LINKS = 100
"""Links to folders that one look follows."""
FOLDER = "is a folder where `main` has a file: move it away, and the file is written again"
NO_FILE = "is neither a file nor a folder, so there is nothing to read: put a regular file in its place"


class VolumeFiles:
    """The files of the folder; by their stamps, unchanged ones are not read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed: dict[str, str] = {}
        """Paths that the last `look` left out, each with the reason."""
        self._stamps: dict[str, tuple[Stamp, str]] = {}
        self._links = 0

    def look(self, known: Container[str]) -> dict[str, str]:
        """Path to blob id of every regular file; `known` are the paths that `main` has or had.

        Links within the volume are followed: an orchestrator mounts a set of files as links into the folder
        of its newest version.
        """
        self.passed, self._links = {}, 0
        return dict(self._files("", "", known, ()))

    def _files(
        self, shown: str, real: str, known: Container[str], above: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        """The files of the folder at `real`, named as if they were below `shown`."""
        with beneath.open_folder(self.folder, real) as top:
            for folder, folders, names, handle in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                for name in (*folders, *names):
                    below = Path(folder, name).as_posix()
                    path = f"{shown}/{below}" if shown else below
                    try:
                        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                        if path not in known and stays(path):
                            continue
                        if stat.S_ISLNK(found.st_mode):
                            yield from self._linked(path, f"{real}/{below}" if real else below, known, above)
                        elif self._fits(path, found, known):
                            yield path, self._blob(path, handle, name, found)
                    except OSError as error:
                        if not isinstance(error, FileNotFoundError):
                            self.passed[path] = f"cannot be read: {error.strerror}"

    def _linked(
        self, path: str, place: str, known: Container[str], above: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        """What a link leads to: `path` is what it is called, `place` where it is."""
        try:
            real = beneath.resolve(self.folder, place)
            if not real:
                self.passed[path] = CIRCLE
                return
            with beneath.folder_of(self.folder, real) as (handle, name):
                found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    if self._fits(path, found, known):
                        yield path, self._blob(path, handle, name, found)
                    return
        except FileNotFoundError:
            self.passed[path] = LINK.format("leads nowhere")
            return
        except beneath.Unsuitable as error:
            self.passed[path] = LINK.format(error.strerror)
            return
        self._links += 1
        if real in above or f"{place}/".startswith(f"{real}/"):
            self.passed[path] = CIRCLE
        elif self._links > MOST_LINKS:
            self.passed[path] = MANY.format(MOST_LINKS)
        elif path in known:
            self.passed[path] = FOLDER
        else:
            yield from self._files(path, real, known, (*above, real))

    def _fits(self, path: str, found: os.stat_result, known: Container[str]) -> bool:
        """Whether this is a file that can be recorded; adds to `passed` what cannot."""
        if stat.S_ISDIR(found.st_mode):
            if path in known:
                self.passed[path] = FOLDER
            return False
        if not stat.S_ISREG(found.st_mode):
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
