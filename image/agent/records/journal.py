"""The agent's durable records in /var/mail-state/agent: one small JSON file each."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.records.checksummed import Records, folder, has, put_aside
from agent.records.findings import Findings
from wire.durable import sync_folder

QUARANTINE_LENGTH = 50
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Applied:
    """The release that serves. `attempt` is the id of the attempt that committed it."""

    commit: str = ""
    number: int = 0
    main: str = ""
    attempt: str = ""
    patched: Mapping[str, str] = field(default_factory=dict)
    """Managed files that user-patches.sh changed: path to fingerprint (`ManagedFiles.fingerprint`)."""
    patch_failure: str = ""
    """Why user-patches.sh failed when it last ran, "" when it did not."""
    held: Mapping[str, Any] = field(default_factory=dict)
    """What of the release does not serve, what does in its place, and why (held.py); empty for nothing."""


_APPLIED = has({"commit": str, "number": int})
_JOURNAL = has({"id": str, "phase": str, "commit": str, "number": int, "main": str, "base": str,
                "actions": dict, "rows": list})  # fmt: skip
_OUTCOME = has({"id": str, "outcome": str, "release": int, "commit": str, "serving": int})
_QUARANTINED = has({"commit": str, "number": int, "service": str, "digest": str, "reason": str})


def is_applied(value: Any) -> bool:
    """Whether this can be the record of a release that serves."""
    if not _APPLIED(value) or not COMMIT.fullmatch(value["commit"]) or value["number"] < 1:
        return False
    return all(isinstance(value.get(name, ""), str) for name in ("main", "attempt", "patch_failure")) and (
        all(isinstance(value.get(name, {}), dict) for name in ("patched", "held"))
    )


def applied_from(value: Mapping[str, Any]) -> Applied:
    """The release that a record names; fields that only a newer image knows are ignored."""
    known = {name: value[name] for name in Applied.__dataclass_fields__ if name in value}
    return Applied(**known)


def _is_quarantine(value: Any) -> bool:
    return isinstance(value, list) and all(_QUARANTINED(row) for row in value)


class Journal:
    """Durable facts: applied, journal, outcomes, quarantine, suspended. Every write is fsynced.

    Nothing here raises for a record that is lost or damaged: it is put aside and named in `findings`.
    """

    def __init__(self, state: Path) -> None:
        self.folder = state
        self.findings = Findings(state)
        with contextlib.suppress(OSError):  # a read-only volume is reported where something is written
            state.mkdir(parents=True, exist_ok=True)
            state.chmod(0o700)
        self.records = Records(state, self.findings)
        self._outcomes = Records(state / "outcomes", self.findings)
        with contextlib.suppress(OSError):
            folder(state / "outcomes", self.findings)

    def applied(self) -> Applied:
        """The last release that was committed; an empty one before the first."""
        return self.find_applied()[0]

    def find_applied(self) -> tuple[Applied, str]:
        """The same, and what is wrong with the record."""
        value, damage = self.records.read("applied.json", is_applied)
        return (applied_from(value) if value else Applied()), damage

    def set_applied(self, applied: Applied) -> None:
        """Commit: from here on this release is the one to come back to."""
        self.records.write("applied.json", asdict(applied))

    def interrupted(self) -> dict[str, Any] | None:
        """The attempt that is under way, or was when the agent died."""
        return self.find_interrupted()[0]

    def find_interrupted(self) -> tuple[dict[str, Any] | None, str]:
        """The same, and what is wrong with the record."""
        return self.records.read("journal.json", _JOURNAL)

    def open(self, row: Mapping[str, Any]) -> None:
        """Record what is about to be done, or that it is being undone."""
        self.records.write("journal.json", dict(row))

    def close(self) -> None:
        """The attempt is over. Needs no fsync: a journal that comes back names a committed attempt."""
        self.records.remove("journal.json")

    def add_outcome(self, outcome: Mapping[str, Any]) -> None:
        """Keep an outcome until the daemon has it."""
        folder(self._outcomes.folder, self.findings)
        self._outcomes.write(f"{outcome['id']}.json", dict(outcome))

    def outcomes(self) -> list[dict[str, Any]]:
        """Outcomes that were not acknowledged, oldest first."""
        lost = "how that release fared is told by the next outcome"
        names = [path.name for path in self._outcomes.folder.glob("[!.]*.json")]
        found = [self._outcomes.take(name, _OUTCOME, lost) for name in names]
        return sorted((row for row in found if row), key=lambda row: str(row["id"]))

    def acknowledge(self, ids: list[str]) -> None:
        """Forget outcomes that the daemon has recorded."""
        for name in ids:
            if "/" not in name:
                self._outcomes.remove(f"{name}.json")
        with contextlib.suppress(FileNotFoundError):
            sync_folder(self._outcomes.folder)

    def quarantine(self) -> list[dict[str, Any]]:
        """What failed before, as quarantine.py has it."""
        lost = "what failed before is tried once more"
        found: list[dict[str, Any]] = self.records.take("quarantine.json", _is_quarantine, lost) or []
        return found

    def set_quarantine(self, rows: list[dict[str, Any]]) -> None:
        """Replace the list; only the newest are kept."""
        self.records.write("quarantine.json", rows[-QUARANTINE_LENGTH:])

    def failure(self) -> dict[str, Any] | None:
        """The outcome of the newest attempt when it did not succeed."""
        lost = "the log has the outcomes"
        found: dict[str, Any] | None = self.records.take("failure.json", _OUTCOME, lost)
        return found

    def set_failure(self, outcome: Mapping[str, Any] | None) -> None:
        """Remember, or clear, the failure that status shows."""
        if outcome is None:
            self.records.remove("failure.json")
        else:
            self.records.write("failure.json", dict(outcome))

    @property
    def suspended(self) -> bool:
        """Whether releases are held back until resume."""
        return (self.folder / "suspended").exists()

    def suspend(self, on: bool) -> None:
        """Hold releases back, or let them through again."""
        mark = self.folder / "suspended"
        if mark.is_dir():
            put_aside(mark)
        if on:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            mark.touch()
        else:
            mark.unlink(missing_ok=True)
        sync_folder(self.folder)
