"""The agent's own copy of what it served last, for when the state repository cannot give it any more.

Below `serving/` (0700): `files/` holds each file of the release under its blob id, as rendered (sealed values
stay sealed, keys are not in it), `release.json` names them with the record of the release, `before.json`
those of the release before. Every file is verified by its name when it is read. Nothing is fsynced but the
record: what a power cut tears is found out by its name, and git is asked first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from agent.errors import AgentError, NotFound
from agent.records.checksummed import Records, decode, folder, put_aside
from agent.records.findings import Findings
from agent.records.journal import Applied, applied_from, is_applied
from agent.release.held import read_held
from agent.release.manifest import Release, parse_manifest
from wire.blobs import blob_id
from wire.manifest import Entry

RECORD, BEFORE = "release.json", "before.json"

Read = Callable[[str], bytes]
"""The content of a blob of the state repository, by its id. Raises AgentError."""


@dataclass(frozen=True)
class KeptRelease:
    """A release that can be served without the state repository. `blobs` are the ids of all its files."""

    applied: Applied
    manifest: str
    blobs: Mapping[str, str]

    @property
    def identities(self) -> set[str]:
        """All blobs that it takes, those included that serve in the place of what is held."""
        held = read_held(self.applied.held).files.values()
        return {self.manifest, *self.blobs.values(), *(oid for e in held if e for oid in e.blobs.values())}


class Kept:
    """The copies below `top`. One thread writes (keeping.py), any may read."""

    def __init__(self, top: Path, findings: Findings, areas: tuple[str, ...]) -> None:
        self.top, self._findings, self._areas = top, findings, areas
        self._records = Records(top, findings)

    def newest(self) -> KeptRelease | None:
        """The release that was kept last; None where there is none, or its record is damaged."""
        return self._record(RECORD)

    def releases(self) -> list[KeptRelease]:
        """What is kept, the newest first."""
        return [found for name in (RECORD, BEFORE) if (found := self._record(name))]

    def find(self, identity: str) -> bytes | None:
        """The content of a blob; None where it is not kept, or damaged."""
        if "/" in identity or not identity:
            return None
        try:
            content = (self.top / "files" / identity).read_bytes()
        except OSError:
            return None
        return content if blob_id(content) == identity else None

    def blob(self, identity: str) -> bytes:
        """The same. Raises NotFound."""
        content = self.find(identity)
        if content is None:
            raise NotFound(f"file {identity} is not kept either")
        return content

    def release(self, kept: KeptRelease) -> Release:
        """A kept release as the state repository would give it. Raises NotFound, Corrupt."""
        applied = kept.applied
        release = parse_manifest(
            self.blob(kept.manifest), kept.blobs, self._areas, applied.commit, applied.number
        )
        return replace(release, manifest=kept.manifest)

    def older(self, path: str) -> Entry | None:
        """The newest kept version of a file that can be read."""
        for kept in self.releases():
            with contextlib.suppress(AgentError):
                entry = self.release(kept).files.get(path)
                if entry and all(self.find(identity) is not None for identity in entry.blobs.values()):
                    return entry
        return None

    def keep(self, applied: Applied, manifest: str, blobs: Mapping[str, str], read: Read) -> int:
        """Keep a release; returns how many files were written. Raises AgentError, OSError."""
        kept = KeptRelease(applied, manifest, dict(blobs))
        if self.newest() == kept and self._has(kept):
            return 0
        folder(self.top, self._findings)
        folder(self.top / "files", self._findings)
        written = 0
        for identity in kept.identities:
            if not self._whole(identity):
                self._write(identity, read(identity))
                written += 1
        self._turn(kept)
        self._sweep()
        return written

    def verify(self) -> int:
        """Throw out copies that are damaged; returns how many. The next `keep` writes them again."""
        bad = [path for path in self._files() if self.find(path.name) is None]
        for path in bad:
            put_aside(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        return len(bad)

    def _has(self, kept: KeptRelease) -> bool:
        return all(self._whole(identity) for identity in kept.identities)

    def _whole(self, identity: str) -> bool:
        """Whether a copy is there. What is in it is looked at once a start (`verify`) and when it is read."""
        return (self.top / "files" / identity).is_file()

    def _write(self, identity: str, content: bytes) -> None:
        path = self.top / "files" / identity
        aside = path.with_name(f".{identity}.new")
        if path.is_dir():
            put_aside(path)
        aside.write_bytes(content)
        aside.chmod(0o600)
        aside.replace(path)

    def _turn(self, kept: KeptRelease) -> None:
        """The newest record becomes the one before, unless only what user-patches.sh did is new."""
        newest = self.newest()
        if newest and newest.applied.commit != kept.applied.commit:
            (self.top / RECORD).replace(self.top / BEFORE)
        row = {"applied": asdict(kept.applied), "manifest": kept.manifest, "blobs": dict(kept.blobs)}
        self._records.write(RECORD, row)

    def _sweep(self) -> None:
        used = {identity for kept in self.releases() for identity in kept.identities}
        for path in self._files():
            if path.name not in used:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _files(self) -> list[Path]:
        try:
            return list((self.top / "files").iterdir())
        except OSError:
            return []

    def _record(self, name: str) -> KeptRelease | None:
        try:
            row = decode((self.top / name).read_bytes(), _is_kept)
        except OSError:
            return None
        if row is None:
            return None
        return KeptRelease(applied_from(row["applied"]), row["manifest"], row["blobs"])


def _is_kept(value: Any) -> bool:
    if not isinstance(value, dict) or not is_applied(value.get("applied")):
        return False
    blobs = value.get("blobs")
    return isinstance(value.get("manifest"), str) and isinstance(blobs, dict)
