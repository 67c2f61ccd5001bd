"""Findings of a start: what was restored, and what was not."""

from __future__ import annotations

from dataclasses import dataclass, field

from controlplane.errors import Problem
from controlplane.protocol.status import DamageRow


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that could not be restored: the part, the fault, and the cure."""

    part: str
    what: str
    cure: str

    def as_dict(self) -> DamageRow:
        """Plain values, as `status` shows them."""
        return {"part": self.part, "what": self.what, "cure": self.cure}

    def problem(self) -> Problem:
        """The damage as a problem of a refusal."""
        return Problem("", 0, f"{self.part} of the state volume is damaged: {self.what}", self.cure)


@dataclass
class Findings:
    """Collected by the repairs of one start; `repairs` are pairs of a part and how it was restored."""

    repairs: list[tuple[str, str]] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    halted: Damage | None = None
    """Why nothing may be written: the lost end of the log would be replaced by another history."""

    def repaired(self, part: str, how: str) -> None:
        """Record that a part was restored."""
        if (part, how) not in self.repairs:
            self.repairs.append((part, how))

    def lost(self, part: str, what: str, cure: str, halts: bool = False) -> None:
        """Record that a part is lost and cannot be restored."""
        damage = Damage(part, what, cure)
        self.damage.append(damage)
        if halts and self.halted is None:
            self.halted = damage
