"""The place of `config/` on a node: the config volume, where overrides and scripts name its files."""

from __future__ import annotations

import posixpath

PLACE = "tmp/docker-mailserver"
"""Where the volume is mounted, without the leading slash (the documented place)."""


def below_config(path: str) -> str:
    """What a path on a node names below `config/`; "" for any other place, and for the folder itself.

    `path` is absolute, with or without its leading slash: "/tmp/docker-mailserver/a/b" is "a/b".
    """
    whole = posixpath.normpath("/" + path.lstrip("/"))
    top = f"/{PLACE}/"
    return whole[len(top) :] if whole.startswith(top) else ""


def place_of(path: str) -> str:
    """Where a file below `config/` lies on a node, without the leading slash."""
    return f"{PLACE}/{path}"
