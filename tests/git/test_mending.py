"""Packs that are damaged are taken apart without losing what is whole of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from controlplane.git import StateRepo, damaged_packs, scrubbed_environment, set_packs_aside


@pytest.mark.parametrize("at", range(0, 40, 5))
@pytest.mark.parametrize("place", ["head", "middle", "end", "trailer"])
def test_only_the_damaged_object_of_a_pack_is_lost(
    repo: StateRepo, tmp_path: Path, at: int, place: str
) -> None:
    """git tells an object's size before it ends at it; the one behind it in the list is kept, too."""
    ids = sorted(repo.write_blob(f"content {number} ".encode() * 9) for number in range(40))
    git = ("git", "--git-dir", str(repo.path))
    name = subprocess.run(
        [*git, "pack-objects", "-q", str(repo.path / "objects/pack/pack")],
        input="\n".join(ids).encode(), env=scrubbed_environment(),
        check=True, capture_output=True, timeout=60,
    ).stdout.decode().strip()  # fmt: skip
    for oid in ids:
        (repo.path / "objects" / oid[:2] / oid[2:]).unlink()
    pack = repo.path / f"objects/pack/pack-{name}.pack"
    said = subprocess.run(
        [*git, "verify-pack", "-v", str(pack)], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    size, offset = next(map(int, line.split()[3:5]) for line in said.splitlines() if line.startswith(ids[at]))
    content = bytearray(pack.read_bytes())
    if place == "trailer":
        del content[-9:]
    else:
        content[offset + {"head": 2, "middle": size // 2, "end": size - 1}[place]] ^= 0x10
    pack.chmod(0o644)
    pack.write_bytes(content)
    keep = tmp_path / "damaged"
    keep.mkdir()
    set_packs_aside(repo.path, list(damaged_packs(repo.pack_faults(), repo.path)), keep)
    fresh = repo.fresh()
    assert [oid for oid in ids if not fresh.is_sound(oid, "blob")] in ([ids[at]], [])
    assert place != "trailer" or fresh.is_sound(ids[at], "blob")
    assert (keep / pack.name).exists()
