"""The image that a program runs from: its version, which is that of the renderers, and its daemons'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import controlplane

DAEMONS = Path("/usr/local/share/mailserver/daemons")
"""A line for each package of a service, its name and version; written when the image is built."""
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:[-.]?(dev|alpha|a|beta|b|pre|rc)[.-]?(\d*)(?![a-z]))?")


@dataclass(frozen=True, slots=True)
class Image:
    """What runs here. `daemons`: versions by package; empty where nobody says."""

    version: str
    daemons: Mapping[str, str] = field(default_factory=dict)


def read_image() -> Image:
    """The image of this process; without daemons where it is not one of ours."""
    try:
        lines = DAEMONS.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    rows = (line.split() for line in lines)
    return Image(controlplane.__version__, {row[0]: row[1] for row in rows if len(row) == 2})


def is_older(one: str, other: str) -> bool:
    """Whether a version comes before another; false where either is none that can be ordered.

    Numbers count as numbers, zeros at the end for nothing. What leads to a version (`1.0.0rc1`, `1.0.0-dev`)
    comes before it, and a build of it (`1.0.0+debian`) is the same (semver.org, sections 9 to 11).
    """
    first, second = _order(one), _order(other)
    return first is not None and second is not None and first < second


def newest(one: str, other: str) -> str:
    """The newer of two versions; the first one where they cannot be ordered, unless it is empty."""
    return other if not one or is_older(one, other) else one


_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "pre": 3, "rc": 3}
_RELEASED = (9, 0)


def _order(version: str) -> tuple[tuple[int, ...], tuple[int, int]] | None:
    found = _VERSION.match(version)
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    stage = (_STAGES[found[2]], int(found[3] or 0)) if found[2] else _RELEASED
    return tuple(numbers), stage
