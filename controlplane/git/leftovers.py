"""Removes what killed writers leave in the repository: partial objects, quarantines, maintenance locks.

git-gc(1) would remove some of it after two weeks, and never runs here.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

OLD = 3600.0
"""Seconds after which leftovers belong to nobody: no push and no packing takes that long."""
OF_A_REPOSITORY = (
    "objects/tmp_obj_*",
    "objects/??/tmp_obj_*",
    "objects/pack/tmp_*",
    "objects/pack/.tmp-*",
    "objects/incoming-*",
    "objects/tmp_objdir-*",
    "objects/maintenance.lock",
    "objects/info/commit-graph*.lock",
    "gc.pid",
    "gc.pid.lock",
    "gc.log.lock",
    "index.lock",
    "hooks/.*.new",
)
OF_THE_CONTROL_FOLDER = ("accepted/.*", ".*.json.*")
"""Temporary files of `write_atomically`."""


def sweep(
    folder: Path, patterns: tuple[str, ...] = OF_A_REPOSITORY, older_than: float | None = None
) -> list[str]:
    """Remove leftovers of at least that age; returns the names removed, sorted.

    Without an age it is an hour, and nothing where no git runs at all that it could belong to.
    """
    if older_than is None:
        older_than = OLD if git_runs() else 0.0
    gone = []
    for pattern in patterns:
        for path in folder.glob(pattern):
            with suppress(OSError):  # gone meanwhile, or not ours
                if time.time() - path.lstat().st_mtime < older_than:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                gone.append(path.relative_to(folder).as_posix())
    return sorted(gone)


def git_runs(proc: Path = Path("/proc")) -> bool:
    """Whether any git process runs (proc(5), comm); also True if that cannot be determined."""
    try:
        return any(_name(entry).startswith("git") for entry in proc.iterdir() if entry.name.isdigit())
    except OSError:
        return True


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text()
    except OSError:
        return ""  # it has ended
