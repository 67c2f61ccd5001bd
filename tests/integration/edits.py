"""Edits as people make them in a clone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.integration.server import Clone, Push, Server

ENV = "mailserver.env"
MEANT = ("-o", "allow-mass-delete")
"""Files that a test takes away may hold all aliases or relay hosts that there are."""


def push_setting(clone: Clone, name: str, value: object) -> Push:
    """Set one setting, leave the others, push."""
    rows = (clone.path / ENV).read_text().splitlines()
    kept = [row for row in rows if not row.startswith(f"{name}=")]
    return clone.change(ENV, "\n".join([*kept, f"{name}={value}", ""]), f"Set {name} to {value}")


def live(server: Server, push: Push) -> str:
    """What the server said of a push, once the release that came of it serves."""
    assert push.accepted, push.said
    if release := re.search(r"release (\d+)", push.said):
        said = server.must("mailctl", "status", "--wait", release[1])
        assert "rolled back" not in said, said
    return push.said


def put(server: Server, clone: Clone, files: dict[str, str]) -> str:
    """Push these files (an empty text removes one) and wait until they serve."""
    clone.back()
    for name, text in files.items():
        if text:
            clone.write(name, text)
        else:
            (clone.path / name).unlink()
    clone.commit("Put " + ", ".join(files))
    return live(server, clone.push("HEAD:main", *MEANT))


def put_config(server: Server, clone: Clone, files: Mapping[str, str | None]) -> None:
    """The same for files below config/, where None deletes one that may be there; no change is fine."""
    clone.back()
    for name, content in files.items():
        if content is not None:
            clone.write(f"config/{name}", content)
        else:
            (clone.path / "config" / name).unlink(missing_ok=True)
    if clone.git("status", "--porcelain"):
        clone.commit(f"Change {', '.join(files)}")
        live(server, clone.push("HEAD:main", *MEANT))


def set_to(server: Server, clone: Clone, name: str, value: object) -> None:
    """Set one setting on top of what `main` is now, and wait until that serves."""
    clone.back()
    if f"{name}={value}" not in (clone.path / ENV).read_text().splitlines():
        live(server, push_setting(clone, name, value))
