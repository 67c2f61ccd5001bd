"""Packs loose objects often and small: a change set takes some 12 KB loose, and a tenth of it packed.

Only git itself writes packs. Many small ones become a larger one, and are removed: see docs/decisions/0093.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from controlplane.errors import Unavailable
from controlplane.git.merge import scrubbed_environment
from controlplane.git.objects import prepare_fan_out
from wire.durable import sync_folder

SAMPLE = "17"
"""The sample of all 256 folders, as ids are spread evenly (git-gc(1) estimates by the same one)."""
MANY = 8
"""Objects in the sample folder at which packing is worthwhile: about 2,000 in all, 300 changes."""
HEAVY = 1 << 30
"""Bytes of large loose blobs at which packing is worthwhile: some fifty versions of 100,000 accounts."""
WINDOW = "64m"
"""The most memory for the versions that one is compared with (git-pack-objects(1), --window-memory)."""
PACK_SECONDS = 600.0


_MODEST = ("-c", "pack.threads=1", "-c", f"pack.windowMemory={WINDOW}")


def many_loose(git_dir: Path) -> bool:
    """Whether there are enough loose objects to pack, estimated from one folder."""
    folder = git_dir / "objects" / SAMPLE
    return folder.is_dir() and sum(1 for _ in folder.iterdir()) >= MANY


def pack_loose(git_dir: Path) -> None:
    """Write the loose objects to one new pack, synced as `core.fsync` says; may run beside any writer."""
    _git(git_dir, *_MODEST, "maintenance", "run", "--quiet", "--task=loose-objects")


def prune_packed(git_dir: Path) -> None:
    """Remove loose copies of packed objects; the caller holds the writer's lock.

    git removes folders that become empty; they are made again, durably, before anybody writes to them.
    """
    _git(git_dir, "prune-packed", "--quiet")
    prepare_fan_out(git_dir)
    sync_folder(git_dir / "objects")


MOST_PACKS = 8
"""The number of small packs at which merging them is worthwhile."""


def merge_packs(git_dir: Path) -> list[str]:
    """Merge small packs into a new one; returns the names of those it replaces. May run beside any writer.

    Each pack that stays is at least twice as large as all smaller ones: an object is written again a few
    times in its life, and packs stay few (git-repack(1), --geometric). Nothing is left out, reachable or not.
    """
    folder = git_dir / "objects" / "pack"
    small = _to_merge({path.stem: path.stat().st_size for path in folder.glob("*.pack") if _is_free(path)})
    if len(small) < MOST_PACKS:
        return []
    names = "".join(f"{name}.pack\n" for name in small)
    made = _git(
        git_dir, *_MODEST, "pack-objects", "-q", "--stdin-packs", "--delta-base-offset",
        str(folder / "pack"), given=names,
    ).strip()  # fmt: skip
    sync_folder(folder)
    return [name for name in small if name != f"pack-{made}"]


def remove_packs(git_dir: Path, names: list[str]) -> None:
    """Remove packs that another one replaces; whoever has them open must reopen the repository.

    The index goes first: without it nobody looks for the pack. To be called with the writer's lock held.
    """
    folder = git_dir / "objects" / "pack"
    for name in names:
        for kind in ("idx", "rev", "bitmap", "pack"):
            (folder / f"{name}.{kind}").unlink(missing_ok=True)
    sync_folder(folder)


def _is_free(pack: Path) -> bool:
    """Whether a pack may be replaced: it is intact, and no push in progress holds it."""
    return pack.with_suffix(".idx").exists() and not pack.with_suffix(".keep").exists()


def _to_merge(sizes: Mapping[str, int]) -> list[str]:
    """The smallest packs, up to the last that is less than twice the size of all smaller ones together."""
    names, below, count = sorted(sizes, key=lambda name: (sizes[name], name)), 0, 0
    for number, name in enumerate(names, 1):
        if sizes[name] < 2 * below:
            count = number
        below += sizes[name]
    return names[:count]


def _git(git_dir: Path, *arguments: str, given: str = "") -> str:
    """Run git at the lowest priority, as nobody waits for it; returns its output. Raises Unavailable."""
    command = ["nice", "-n", "19", shutil.which("git") or "git", "--git-dir", str(git_dir), *arguments]
    try:
        done = subprocess.run(
            command,
            input=given.encode(),
            env=scrubbed_environment(),
            capture_output=True,
            timeout=PACK_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"git could not pack: {error}") from error
    return done.stdout.decode("ascii", "replace")
