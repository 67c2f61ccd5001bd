"""Complaints of services, with the place that they name."""

from __future__ import annotations

from agent.health.logs import failed
from services.postfix.check import MAIN


def test_failure_names_the_line() -> None:
    """The parameter that a daemon complains of is found in main.cf, where it was set last."""
    found = failed(
        "postfix", "r", "fatal: parameter inet_interfaces: no", (MAIN, "a = 1\ninet_interfaces = x\n")
    )
    assert (found.path, found.line) == (MAIN, 2)
