"""Reads a working tree of `main` as a push would send it."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controlplane.errors import NotFound
from controlplane.statefiles.tree import CONFIG, EXECUTABLE, REGULAR, SETTINGS, SYMLINK, TreeFile


def is_tree(directory: Path) -> bool:
    """Whether the directory looks like a checked-out `main`."""
    return (directory / SETTINGS).is_file() or (directory / CONFIG).is_dir()


def read_working_tree(directory: Path) -> dict[str, TreeFile]:
    """Read every file, with the mode that git would record; raises NotFound where it is no working tree."""
    if not is_tree(directory):
        raise NotFound(
            f"{directory} holds neither {SETTINGS} nor {CONFIG}: it is not a clone of the state repo"
        )
    return dict(_walk(directory, directory))


def as_request(files: Mapping[str, TreeFile]) -> dict[str, dict[str, Any]]:
    """The files as an argument of a request: content in base64, and mode, by path."""
    return {
        path: {"content": base64.b64encode(file.content).decode(), "mode": file.mode}
        for path, file in files.items()
    }


def _walk(directory: Path, root: Path) -> Iterator[tuple[str, TreeFile]]:
    for path in sorted(directory.iterdir()):
        if path.name == ".git":
            continue
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield name, TreeFile(str(path.readlink()).encode(), SYMLINK)
        elif path.is_dir():
            yield from _walk(path, root)
        else:
            executable = path.stat().st_mode & stat.S_IXUSR
            yield name, TreeFile(path.read_bytes(), EXECUTABLE if executable else REGULAR)
