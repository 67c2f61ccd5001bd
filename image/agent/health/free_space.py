"""Free space of the volumes: reported once when its condition changes, with what uses most of it."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.log import log

MIB = 1 << 20
FULL = 1 * MIB
"""Bytes below which nothing can be written with confidence: a change set takes some 12 KB."""
DU_SECONDS = 5.0
KEPT = 600.0
"""Seconds that the sizes of what is largest are remembered."""


def threshold(size: int) -> int:
    """Bytes free below which a volume counts as low: 5 % up to 1 GiB, at least 256 MiB or 20 %."""
    return max(min(size // 20, 1024 * MIB), min(256 * MIB, size // 5))


class FreeSpace:
    """The volumes by what they are called; `parts` are the folders that may have grown."""

    def __init__(self, volumes: Mapping[str, Path], parts: Mapping[str, Path]) -> None:
        self._volumes, self._parts = volumes, parts
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        self._largest: tuple[float, list[dict[str, Any]]] = (-KEPT, [])

    def look(self) -> list[dict[str, Any]]:
        """What statvfs(3) says of each volume that is there; a change of its condition goes to the log."""
        rows = [self._row(name, place) for name, place in self._volumes.items() if place.is_dir()]
        with self._lock:
            for row in rows:
                before = self._known.get(row["volume"], "ok")
                if row["condition"] != before:
                    self._known[row["volume"]] = row["condition"]
                    good = row["condition"] == "ok"
                    log.log(logging.INFO if good else logging.WARNING, "room", **row)
        return rows

    def serves(self) -> bool:
        """Whether mail and changes can be written; a config volume may be read-only for good reasons."""
        return not any(row["condition"] in ("full", "read-only") and row["needed"] for row in self.look())

    def report(self) -> dict[str, Any]:
        """For `status`: the volumes and, where one is low, what takes most of it."""
        rows = self.look()
        scarce = any(row["condition"] in ("low", "full") for row in rows)
        return {"room": rows, "largest": self._sizes() if scarce else []}

    def _row(self, name: str, place: Path) -> dict[str, Any]:
        found = os.statvfs(place)
        size, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        few_inodes = bool(found.f_files) and found.f_favail < max(found.f_files // 100, 1)
        needed = name != "config"
        if found.f_flag & os.ST_RDONLY:
            condition = "read-only" if needed else "ok"
        elif size and (free < FULL or (found.f_files and not found.f_favail)):
            condition = "full"
        else:
            condition = "low" if size and (free < threshold(size) or few_inodes) else "ok"
        row = {"volume": name, "path": str(place), "condition": condition, "free": free, "size": size}
        return row | {"inodes": found.f_favail, "needed": needed}

    def _sizes(self) -> list[dict[str, Any]]:
        taken, known = self._largest
        if time.monotonic() - taken > KEPT:
            sizes = {name: _size(place) for name, place in self._parts.items() if place.is_dir()}
            known = [{"part": n, "path": str(self._parts[n]), "size": s} for n, s in sizes.items() if s]
            known.sort(key=lambda row: -row["size"])
            self._largest = (time.monotonic(), known)
        return known


def _size(place: Path) -> int:
    """Bytes of a folder as du(1) counts them; 0 where that takes too long."""
    try:
        done = subprocess.run(
            ["nice", "-n", "19", "du", "-skx", "--", str(place)],
            capture_output=True,
            timeout=DU_SECONDS,
            check=False,
        )
        return int(done.stdout.split()[0]) * 1024
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0
