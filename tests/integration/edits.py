"""Edits as people make them in a clone."""

from __future__ import annotations

from tests.integration.server import Clone, Push

ENV = "mailserver.env"


def push_setting(clone: Clone, name: str, value: object) -> Push:
    """Set one setting, leave the others, push."""
    rows = (clone.path / ENV).read_text().splitlines()
    kept = [row for row in rows if not row.startswith(f"{name}=")]
    return clone.change(ENV, "\n".join([*kept, f"{name}={value}", ""]), f"Set {name} to {value}")
