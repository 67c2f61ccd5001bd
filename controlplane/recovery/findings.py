"""What was found at a start: what is there again, and what is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from controlplane.errors import Problem


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that could not be put back: the part, what is the matter, and what ends it."""

    part: str
    what: str
    cure: str

    def as_dict(self) -> dict[str, str]:
        """As `status` tells it."""
        return asdict(self)

    def problem(self) -> Problem:
        """As a refusal."""
        return Problem("", 0, f"{self.part} of the state volume is damaged: {self.what}", self.cure)


@dataclass
class Findings:
    """Gathered by the repairs of one start; `repairs` are pairs of a part and how it was put back."""

    repairs: list[tuple[str, str]] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    halted: Damage | None = None
    """Why nothing may be written: what is lost of the log would be followed by another history."""

    def repaired(self, part: str, how: str) -> None:
        """A part is there again."""
        if (part, how) not in self.repairs:
            self.repairs.append((part, how))

    def lost(self, part: str, what: str, cure: str, halts: bool = False) -> None:
        """A part is not there and cannot be made again."""
        damage = Damage(part, what, cure)
        self.damage.append(damage)
        if halts and self.halted is None:
            self.halted = damage
