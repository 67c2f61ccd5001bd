"""docs/reference/control-protocol.md names what the daemon knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controlplane.daemon.ops import OPS
from controlplane.daemon.ops.requests import Asked
from tests.daemon.site import Site

PAGE = (Path(__file__).parents[2] / "docs/reference/control-protocol.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("op", OPS)
def test_every_operation_has_a_row(op: str) -> None:
    """With its name in the first column."""
    assert any(f"`{op}`" in row.split("|")[1] for row in ROWS)


@pytest.mark.parametrize("op", ["status", "verify"])
def test_every_key_of_an_answer_is_named(site: Site, op: str) -> None:
    """In the row of the operation; the agent's own operations are on its own page."""
    row = next(row for row in ROWS if f"`{op}`" in row.split("|")[1])
    named = set(re.findall(r"`([a-z_]+)`", row))
    agents = {"node", "applied", "attempted", "suspended", "failure", "drift"}
    assert set(site.ask(op)) - agents <= named


@pytest.mark.parametrize("op", OPS)
def test_every_argument_is_named(op: str) -> None:
    """In the row of the operation; those of every request are told once for all."""
    row = next(row for row in ROWS if f"`{op}`" in row.split("|")[1])
    named = set(re.findall(r"`([a-z_]+)`", row))
    assert set(OPS[op].asks.model_fields) - {"node", *Asked.model_fields} <= named
