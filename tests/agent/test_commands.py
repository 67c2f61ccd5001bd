"""Tools run with a deadline and without the container's environment."""

from __future__ import annotations

import time

import pytest

from agent.commands import run


def test_command_has_a_deadline() -> None:
    """A command that hangs is ended with all its children, and says so."""
    start = time.monotonic()
    ran = run(["sh", "-c", "echo begun; sleep 60 & sleep 60"], 0.3)
    assert (ran.timed_out, ran.output) == (True, "begun\n")
    assert time.monotonic() - start < 15


def test_command_inherits_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the container's environment do not reach the tools."""
    monkeypatch.setenv("RELAY_PASSWORD", "secret")
    assert "secret" not in run(["env"], 5.0).output


def test_command_whose_child_holds_the_pipe_ends_at_its_deadline() -> None:
    """A child in a session of its own survives the kill, and does not hold up the caller."""
    start = time.monotonic()
    assert run(["sh", "-c", "setsid sleep 20 & sleep 20"], 0.2).timed_out
    assert time.monotonic() - start < 15
