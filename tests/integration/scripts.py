"""Scripts of this folder that run in a container, on the image's Python.

The image has none of the libraries that they use: those are mounted beside the script from this process's
environment, so they are written in Python alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
INSIDE = "/scripts"
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "dns_responder.py": ("dnslib",),
    "smtp_sink.py": ("aiosmtpd", "attr", "public"),
    "talker.py": (),
}
"""Packages that each script imports, directly or not."""
NO_SERVER: Mapping[str, object] = {"healthcheck": {"test": ["NONE"]}}
"""For the engine: a container without a mail server is not asked each second whether it is well."""


def mounts(script: str) -> dict[str, str]:
    """Places on this machine that the script needs, and where each belongs in the container."""
    return {
        str(place): f"{INSIDE}/{place.name}" for place in (HERE / script, *map(_folder, LIBRARIES[script]))
    }


def command(script: str, *arguments: str) -> list[str]:
    """How to run the script in a container that has its mounts."""
    return ["python3", f"{INSIDE}/{script}", *arguments]


def _folder(package: str) -> Path:
    found = find_spec(package)
    assert found is not None, f"{package} is not in this environment"
    assert found.submodule_search_locations, f"{package} is no package"
    return Path(found.submodule_search_locations[0])
