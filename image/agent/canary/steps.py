"""What a run of the canary is made of: steps that services offer, and what each of them found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from agent.commands import Ran
from agent.health.logs import LogMark
from wire.manifest import Probe


class Verdict(StrEnum):
    """What a step says of the server."""

    PASSED = "passed"
    FAILED = "failed"
    UNCLEAR = "unclear"
    """It did not come to its end, for a reason that says nothing of how people are served."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. `words` are the daemon's own where it failed."""

    verdict: Verdict = Verdict.PASSED
    words: str = ""
    step: str = ""
    service: str = ""
    """The service whose words they are."""
    milliseconds: float = 0.0
    about: str = ""
    """Settings that most likely decide about the step."""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "step": self.step,
            "service": self.service,
            "verdict": str(self.verdict),
            "words": self.words,
            "ms": round(self.milliseconds, 1),
        }


PASSED = Finding()
PREPARATION = "preparation"
"""The step that failed where no other one could begin."""


def failed(words: str, service: str = "") -> Finding:
    """A step that failed, with what was said."""
    return Finding(Verdict.FAILED, words, service=service)


def unclear(words: str) -> Finding:
    """A step that could not be judged, and why."""
    return Finding(Verdict.UNCLEAR, words)


def without_remarks(output: str, program: str) -> str:
    """What a program was asked for, without the warnings that it prints beside it under its own name."""
    return "\n".join(line for line in output.splitlines() if not line.startswith(f"{program}: ")).strip()


@dataclass
class Ground:
    """What the steps of one run share."""

    root: Path
    probes: Mapping[str, Sequence[Probe]]
    """Where the services of the release listen, by name, after a look at their own configuration."""
    runner: Callable[[Sequence[str], float], Ran]
    """Runs a command within a deadline in seconds."""
    mark: LogMark
    until: float
    """When all but the last steps have to have ended (monotonic clock)."""
    seconds: float
    """How long the last steps have, from then on at the latest."""
    owner: tuple[int, int]
    """User and group id that mail is kept with."""
    address: str = ""
    """The server's own account; empty where no service keeps mailboxes."""
    password: str = ""
    served: str = ""
    """An address of somebody who is served; empty where there is nobody."""
    people: Callable[[], Iterable[str]] = tuple
    """All of them, that one first."""
    account: str = ""
    """An address whose mail is kept here; empty where it is only forwarded, or there is nobody."""
    sent: dict[str, str] = field(default_factory=dict)
    """Messages that were taken: a word that only this one holds, and the name that its queue gave it."""
    explain: Callable[[Ground], Finding | None] = lambda _: None
    """Why a message that was taken is not delivered; None where nobody says so."""

    def left(self) -> float:
        """Seconds until a step has to have ended, never none."""
        return max(0.2, self.until - time.monotonic())


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the server is made to do. `run` may raise OSError and AgentError: then it failed."""

    name: str
    run: Callable[[Ground], Finding]
    last: bool = False
    """Whether it begins when all others have ended, as they make what it looks for."""
    about: str = ""
    """Settings that most likely decide about it, for who looks for the line that broke it."""


@dataclass(frozen=True, slots=True)
class Canary:
    """What a service has to do with the server's own account. Everything may be left out."""

    steps: Callable[[Ground], Iterable[Step]] = lambda _: ()
    """Its steps, as far as the role of the server goes."""
    prepare: Callable[[Ground], None] | None = None
    """Makes the account and an empty mailbox; sets address, password and account. Raises OSError."""
    people: Callable[[Path], Iterable[str]] = lambda _: ()
    """Who is served, by the files below a root; read as far as they are asked for."""
    explain: Callable[[Ground], Finding | None] | None = None
    """Why a message that was taken is not delivered."""
    clean: Callable[[Ground], None] | None = None
    """Removes what a message that was not delivered left. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What all steps of one run found."""

    findings: tuple[Finding, ...]
    at: float
    """When it ended (Unix time)."""
    seconds: float
    delivered: int = 0
    """Messages that went all the way through."""

    @property
    def is_taken(self) -> bool:
        """Whether any step was taken: else it says nothing of how people are served."""
        return any(each.step != PREPARATION for each in self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Of the steps that failed."""
        return tuple(each for each in self.findings if each.verdict == Verdict.FAILED)

    def worse_than(self, before: Report) -> tuple[Finding, ...]:
        """The steps that fail now and did not before.

        One that was not tried before says nothing: the role of the server has changed.
        """
        served = {each.step for each in before.findings if each.verdict != Verdict.FAILED}
        return tuple(each for each in self.failures if each.step in served)

    def redacted(self, redact: Callable[[str], str]) -> Report:
        """The same without secrets in what was said."""
        return replace(self, findings=tuple(replace(f, words=redact(f.words)) for f in self.findings))

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "at": round(self.at, 3),
            "seconds": round(self.seconds, 3),
            "delivered": self.delivered,
            "passed": not self.failures,
            "steps": [each.as_dict() for each in self.findings],
        }
