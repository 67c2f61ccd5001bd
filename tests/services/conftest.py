"""The node in a folder, as the agent's tests have it."""

from __future__ import annotations

from tests.agent.conftest import served, world

__all__ = ["served", "world"]
