"""One entry of `main`, as git stores it."""

from __future__ import annotations

from dataclasses import dataclass, field

SETTINGS = "mailserver.env"
CONFIG = "config/"
REGULAR, EXECUTABLE, SYMLINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
"""The modes that a git tree knows for what is not a folder (gitformat-index(5))."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """Content and mode. The content of a link is its target; a submodule has none."""

    content: bytes = field(repr=False)
    mode: int = REGULAR
