"""What in people's config folders is no configuration: imports and the config volume pass it over."""

from __future__ import annotations

_EDITORS = ("~", ".swp", ".swo", ".swx", ".tmp", ".bak", ".orig", ".old", ".rej", ".save")
_COMPILED = (".svbin", ".db", ".lmdb", ".cdb", ".pyc")


def left_over(path: str) -> str:
    """Why a file below the folder is not taken along; empty for one that is."""
    name = path.rpartition("/")[2]
    if any(part.startswith(".") for part in path.split("/")):
        return "hidden: not configuration"
    if (
        name.endswith(_EDITORS)
        or (name.startswith("#") and name.endswith("#"))  # Emacs: what was not saved yet
        or name == "4913"  # vim's test of a folder
    ):
        return "an editor's left-over or a copy"
    if name.endswith(_COMPILED):
        return "compiled: made anew here"
    return ""
