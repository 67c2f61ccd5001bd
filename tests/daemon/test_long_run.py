"""Many changes leave a volume and a process that stay small."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.git.packing import MOST_PACKS
from tests.daemon.site import Site
from tests.fsync import without_fsync

CHANGES = 400
EACH = 16
"""KiB that a change may take on disk, packed or waiting to be."""


def _held(repository: Path) -> int:
    """Packs that are gone and still mapped here."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum("(deleted)" in line and f"{repository}/objects/pack/" in line for line in lines)


def _descriptors(repository: Path) -> int:
    """Descriptors that are open below a folder."""
    found = 0
    for path in Path("/proc/self/fd").iterdir():
        try:
            found += str(path.readlink()).startswith(str(repository))
        except FileNotFoundError:
            continue
    return found


def test_packs_descriptors_and_maps_stay_few(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing begins by itself again and again, small packs become one, and replaced ones are let go of."""
    monkeypatch.setattr("controlplane.git.packing.MANY", 1)
    with without_fsync():
        for number in range(CHANGES):
            address = f"user{number % 10}@example.test"
            if address in site.daemon.intake.state.desired.accounts:
                site.ask("edit", command="account.remove", source="setup", address=address)
            else:
                site.add(address)
    while thread := site.daemon.packing.consider():
        thread.join(60)
    objects = site.repository / "objects"
    packs = list((objects / "pack").glob("*.pack"))
    assert 1 <= len(packs) <= 2 * MOST_PACKS
    assert _held(site.repository) == 0
    assert _descriptors(site.repository) <= 2 * len(packs) + 4
    used = sum(path.lstat().st_blocks for path in site.repository.rglob("*")) / 2
    assert used <= CHANGES * EACH
    site.must_agree()
