"""A file that waits beside its target, and what of it is new."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.files.regions import Regions, regions_of
from wire.manifest import Entry


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged file. `regions` are where it differs from the live one; None where nobody knows yet."""

    entry: Entry
    aside: Path
    target: Path
    regions: Regions | None = None

    def differing(self) -> Regions:
        """Where it differs from the live file, which is there. Raises OSError."""
        if self.regions is None:
            return regions_of(self.target.read_bytes(), self.aside.read_bytes())
        return tuple(region.narrowed() for region in self.regions)
