"""Each library that is installed in the image serves."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.architecture.sources import ROOT, imports, modules

ROOMS = {
    "click": ("controlplane.cli",),
    "cryptography": ("controlplane.daemon.read_certificate",),
    "jinja2": ("renderers.text",),
    "pydantic": ("controlplane.settings", "controlplane.events", "controlplane.daemon.ops"),
    "pygit2": ("controlplane.git",),
    "pyrage": ("controlplane.sealing", "controlplane.secrets"),
    "sqlite-utils": ("controlplane.readmodel", "controlplane.log_questions"),
    "structlog": ("controlplane.daemon.log",),
    "watchfiles": ("controlplane.cli.clone.watching",),
}
"""Library → the modules and packages that import it, inside functions too."""


def test_the_table_has_every_library() -> None:
    """What is installed stands in it, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(re.split(r"[<>=]", line)[0] for line in project["dependencies"]) == sorted(ROOMS)


@pytest.mark.parametrize(("library", "rooms"), ROOMS.items())
def test_a_library_serves_where_it_was_decided(library: str, rooms: tuple[str, ...]) -> None:
    """Each of its rooms imports it, and no module elsewhere does."""
    package = library.replace("-", "_")
    users = [name for name, path in modules().items() if package in {i.split(".")[0] for i in imports(path)}]
    inside = {room: [n for n in users if n == room or n.startswith(room + ".")] for room in rooms}
    assert all(inside.values())
    assert sorted(users) == sorted({name for names in inside.values() for name in names})
