"""What many changes leave, without a container: `python -m benchmarks.long_run --changes 20000`.

Disk, packs, loose objects, memory, descriptors, and packs that are gone and still held, at intervals.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.daemon.site import Site
from tests.fsync import without_fsync


def megabytes(folder: Path) -> float:
    """The size of a folder on disk."""
    blocks = 0
    for path in folder.rglob("*"):
        try:
            blocks += path.lstat().st_blocks
        except FileNotFoundError:
            continue
    return blocks / 2048


def proportional() -> float:
    """Private memory of this process in MiB (proc(5), smaps_rollup)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def row(site: Site, changes: int, begun: float) -> str:
    """A row of the table."""
    objects = site.repository / "objects"
    held = sum(
        "(deleted)" in line and "/pack/" in line for line in Path("/proc/self/maps").read_text().splitlines()
    )
    loose = sum(1 for folder in objects.glob("??") for _ in folder.iterdir())
    packs = len(list((objects / "pack").glob("*.pack")))
    cells = [
        f"{changes:,}",
        f"{megabytes(site.places.root):.1f}",
        str(packs),
        str(loose),
        f"{proportional():.0f}",
        str(len(list(Path("/proc/self/fd").iterdir()))),
        str(held),
        f"{time.monotonic() - begun:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="long-run-") as folder, without_fsync():
        site, begun = Site(Path(folder)), time.monotonic()
        agent = site.agent
        assert agent is not None
        print("| changes | disk, MiB | packs | loose | PSS, MiB | descriptors | packs held | s |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for number in range(1, options.changes + 1):
            address = f"user{number % 50}@example.test"
            if address in site.daemon.intake.state.desired.accounts:
                site.ask("edit", command="account.remove", source="setup", address=address)
            else:
                site.add(address)
            agent.asked.clear()  # the recorded agent would keep every request
            if number % options.every == 0 or number == 1:
                print(row(site, number, begun), flush=True)
        site.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
