"""What was found damaged on the state volume, and what was put back: for `status`, both logs, the daemon."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.log import log

WEEK = 7 * 86400.0
"""Seconds that `status` shows a repair; the log has it for good."""
KEPT = 20
"""Repairs that are remembered over restarts."""
RECORD = "repairs.json"
RELEASE = "the applied release"
"""What damage of a release as a whole is called; then its objects are not named one by one."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair of something lost or damaged. `told`: the daemon has recorded it in the log."""

    part: str
    how: str
    at: float
    told: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is lost or damaged now, what that means, and what ends it."""

    part: str
    what: str
    cure: str


class Findings:
    """Safe to use from several threads. `folder` is the agent's state; nothing here is worth an fsync."""

    def __init__(self, folder: Path) -> None:
        self._record = folder / RECORD
        self._lock = threading.Lock()
        self._damage: dict[str, Damage] = {}
        self._repairs = _read(self._record)

    @property
    def repairs(self) -> list[Repair]:
        """What was put back, the oldest first."""
        with self._lock:
            return list(self._repairs)

    @property
    def damage(self) -> list[Damage]:
        """What is damaged now."""
        with self._lock:
            return list(self._damage.values())

    def found(self, part: str, what: str, cure: str) -> None:
        """Something is damaged and stays so; said once."""
        with self._lock:
            if part.startswith("object ") and RELEASE in self._damage:
                return
            new = self._damage.get(part) != Damage(part, what, cure)
            self._damage[part] = Damage(part, what, cure)
        if new:
            log.error("damage", part=part, problem=what, cure=cure)

    def gone(self, part: str) -> None:
        """A damage that was found ended."""
        with self._lock:
            ended = self._damage.pop(part, None)
        if ended:
            log.info("damage ended", part=part)

    def mended(self, part: str, how: str) -> None:
        """Something was put back."""
        log.warning("repaired", part=part, how=how)
        with self._lock:
            self._repairs = [*self._repairs, Repair(part, how, round(time.time(), 3))][-KEPT:]
            self._write()

    def untold(self) -> list[Repair]:
        """Repairs that the daemon has not heard of."""
        return [repair for repair in self.repairs if not repair.told]

    def tell(self, told: Iterable[Repair]) -> None:
        """The daemon has these in the log."""
        known = set(told)
        if not known:
            return
        with self._lock:
            self._repairs = [Repair(r.part, r.how, r.at, r.told or r in known) for r in self._repairs]
            self._write()

    def report(self) -> dict[str, list[dict[str, object]]]:
        """Both lists as plain values, for `status`."""
        since = time.time() - WEEK
        return {
            "repairs": [{"part": r.part, "how": r.how, "at": r.at} for r in self.repairs if r.at > since],
            "damage": [asdict(each) for each in self.damage],
        }

    def _write(self) -> None:
        aside = self._record.with_name(f".{RECORD}.new")
        with contextlib.suppress(OSError):
            aside.write_text(json.dumps([asdict(repair) for repair in self._repairs]))
            aside.replace(self._record)


def _read(record: Path) -> list[Repair]:
    """A list that cannot be read is started again: both logs have its content."""
    try:
        rows = json.loads(record.read_bytes())
        return [
            Repair(str(r["part"]), str(r["how"]), float(r["at"]), r["told"] is True) for r in rows[-KEPT:]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
