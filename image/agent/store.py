"""What the agent remembers over restarts, in /var/mail-state/agent: one small JSON file a thing."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.atomic import read_json, sync_folder, write_json

QUARANTINE_LENGTH = 50


@dataclass(frozen=True, slots=True)
class Applied:
    """The release that serves. `attempt` is the id of the attempt that committed it."""

    commit: str = ""
    number: int = 0
    main: str = ""
    attempt: str = ""
    patched: Mapping[str, str] = field(default_factory=dict)
    """Managed files that user-patches.sh made other than rendered: path to what `Disk.print` says."""
    patch_failure: str = ""
    """Why user-patches.sh failed when it last ran, "" when it did not."""


class Store:
    """Durable facts: applied, journal, outcomes, quarantine, suspended. Every write is fsynced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "outcomes").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def applied(self) -> Applied:
        """The last release that was committed; an empty one before the first."""
        return Applied(**(read_json(self.folder / "applied.json") or {}))

    def set_applied(self, applied: Applied) -> None:
        """Commit: from here on this release is the one to come back to."""
        write_json(self.folder / "applied.json", asdict(applied))

    def journal(self) -> dict[str, Any] | None:
        """The attempt that is under way, or was when the agent died."""
        found: dict[str, Any] | None = read_json(self.folder / "journal.json")
        return found

    def open_journal(self, row: Mapping[str, Any]) -> None:
        """Say what is about to be done, or that it is being undone."""
        write_json(self.folder / "journal.json", dict(row))

    def close_journal(self) -> None:
        """The attempt is over. Needs no fsync: a journal that comes back names a committed attempt."""
        (self.folder / "journal.json").unlink(missing_ok=True)

    def add_outcome(self, outcome: Mapping[str, Any]) -> None:
        """Keep an outcome until the daemon has it."""
        write_json(self.folder / "outcomes" / f"{outcome['id']}.json", dict(outcome))

    def outcomes(self) -> list[dict[str, Any]]:
        """Outcomes that were not acknowledged, oldest first."""
        found = [read_json(path) for path in (self.folder / "outcomes").glob("[!.]*.json")]
        return sorted((row for row in found if row), key=lambda row: str(row["id"]))

    def acknowledge(self, ids: list[str]) -> None:
        """Forget outcomes that the daemon has recorded."""
        for name in ids:
            if "/" not in name:
                with contextlib.suppress(FileNotFoundError):
                    (self.folder / "outcomes" / f"{name}.json").unlink()
        sync_folder(self.folder / "outcomes")

    def quarantine(self) -> list[dict[str, Any]]:
        """What failed before: rows of commit, service, digest, reason, path, line."""
        found: list[dict[str, Any]] = read_json(self.folder / "quarantine.json") or []
        return found

    def set_quarantine(self, rows: list[dict[str, Any]]) -> None:
        """Replace the list; only the newest are kept."""
        write_json(self.folder / "quarantine.json", rows[-QUARANTINE_LENGTH:])

    def failure(self) -> dict[str, Any] | None:
        """The outcome of the newest attempt when it did not succeed."""
        found: dict[str, Any] | None = read_json(self.folder / "failure.json")
        return found

    def set_failure(self, outcome: Mapping[str, Any] | None) -> None:
        """Remember, or clear, the failure that status shows."""
        if outcome is None:
            (self.folder / "failure.json").unlink(missing_ok=True)
        else:
            write_json(self.folder / "failure.json", dict(outcome))

    @property
    def suspended(self) -> bool:
        """Whether releases are held back until resume."""
        return (self.folder / "suspended").exists()

    def suspend(self, on: bool) -> None:
        """Hold releases back, or let them through again."""
        if on:
            (self.folder / "suspended").touch()
        else:
            (self.folder / "suspended").unlink(missing_ok=True)
        sync_folder(self.folder)
