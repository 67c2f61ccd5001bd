"""Loose objects into packs, small and often: a change set is some 12 KB loose and a tenth of that packed.

Only git itself writes packs, and packs are never removed here: a handle of libgit2 may have them open.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from controlplane.errors import Unavailable
from controlplane.git.durability import fsync_directory
from controlplane.git.merge import scrubbed_environment
from controlplane.git.objects import prepare_fan_out

SAMPLE = "17"
"""The folder that stands for all 256: ids are spread evenly (git-gc(1) estimates by the same one)."""
MANY = 8
"""Objects in the sample folder from which on packing is worth it: about 2,000 in all, 300 changes."""
PACK_SECONDS = 600.0


def many_loose(git_dir: Path) -> bool:
    """Whether so many objects lie loose that they should be packed; one look at one folder."""
    folder = git_dir / "objects" / SAMPLE
    return folder.is_dir() and sum(1 for _ in folder.iterdir()) >= MANY


def pack_loose(git_dir: Path) -> None:
    """Write the loose objects to one new pack, synced as `core.fsync` says; may run beside any writer."""
    _git(git_dir, "-c", "pack.threads=1", "maintenance", "run", "--quiet", "--task=loose-objects")


def prune_packed(git_dir: Path) -> None:
    """Remove loose copies of what is packed. To be called with the writer's lock held.

    git removes folders that become empty; they are made again, durably, before anybody writes to them.
    """
    _git(git_dir, "prune-packed", "--quiet")
    prepare_fan_out(git_dir)
    fsync_directory(git_dir / "objects")


def _git(git_dir: Path, *arguments: str) -> None:
    """Run git at the lowest priority: nobody waits for it. Raises Unavailable."""
    command = ["nice", "-n", "19", shutil.which("git") or "git", "--git-dir", str(git_dir), *arguments]
    try:
        subprocess.run(
            command, env=scrubbed_environment(), capture_output=True, timeout=PACK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"git could not pack: {error}") from error
