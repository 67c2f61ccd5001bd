"""What people read of the canary."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from controlplane.cli.text.canary import canary_lines, check_lines, serves
from controlplane.protocol.canary import Canary

LATER = {"step": "x", "service": "x", "verdict": "unclear", "words": "450 4.2.0 later", "ms": 1.0}
NOW = datetime.fromtimestamp(1060, UTC)
GOOD = {"step": "log-in by IMAP", "service": "x", "verdict": "passed", "words": "", "ms": 12.4}
BAD = GOOD | {"step": "delivery", "verdict": "failed", "words": "refused"}


def canary(
    *steps: dict[str, object], passed_at: float = 1000.0, on_purpose: tuple[str, ...] = (), delivered: int = 2
) -> Canary:
    """A run that ended so."""
    passed = all(step["verdict"] != "failed" for step in steps)
    run = {"at": 1000.0, "seconds": 0.12, "delivered": delivered, "passed": passed, "steps": list(steps)}
    return cast(Canary, {"passed_at": passed_at, "on_purpose": list(on_purpose), "last": run})


def test_status_tells_when_mail_went_through_and_what_fails() -> None:
    """A step that fails is told with the words, also where somebody wants it so."""
    assert canary_lines(None, NOW) == []
    assert canary_lines(canary(GOOD), NOW) == ["mail                went all the way through 1 min ago"]
    assert canary_lines(canary(GOOD, passed_at=0.0), NOW) == [
        "mail                was tried as far as the server's role goes 1 min ago"
    ]
    assert "as far as" in canary_lines(canary(GOOD, delivered=0), NOW)[0]
    assert "all the way" in canary_lines(canary(GOOD, LATER, delivered=0), NOW)[0]
    assert canary_lines(canary(GOOD, BAD, on_purpose=("delivery: refused",)), NOW)[1:] == [
        "⚠ kept on purpose although it does not work: delivery: refused",
        "  ✗ delivery  12 ms: refused",
    ]
    assert serves(None)
    assert serves(canary(GOOD))
    assert not serves(canary(BAD))


def test_check_shows_every_step() -> None:
    """Each with its time, and the sum of it."""
    assert check_lines(canary(GOOD)) == [
        "  ✔ log-in by IMAP  12 ms",
        "✔ mail goes all the way through (0.12 s)",
    ]
    assert check_lines(canary(BAD))[-1] == "✗ mail does not go all the way through (0.12 s)"
