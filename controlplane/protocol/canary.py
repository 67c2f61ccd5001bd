"""What the server finds when it does its whole work once (docs/canary.md)."""

from typing_extensions import TypedDict


class CanaryStep(TypedDict):
    """One step of a run."""

    step: str
    service: str
    """Whose words they are."""
    verdict: str
    """`passed`, `failed`, or `unclear`: it could not be judged."""
    words: str
    """What was said where it did not pass."""
    ms: float
    """Milliseconds that it took."""


class CanaryRun(TypedDict):
    """One run."""

    at: float
    """When it ended, Unix time."""
    seconds: float
    """How long it took."""
    delivered: int
    """Messages that went all the way through."""
    passed: bool
    """Whether no step failed."""
    steps: list[CanaryStep]


class Canary(TypedDict):
    """Whether mail goes all the way through."""

    passed_at: float
    """When it last did, Unix time; 0 for not since the agent started."""
    on_purpose: list[str]
    """What fails in a release that somebody keeps all the same."""
    last: CanaryRun | None
    """The newest run; null before the first."""
