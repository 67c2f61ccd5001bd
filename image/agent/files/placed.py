"""The config volume as an apply needs it: files of a release are placed there, edits of people are left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Wanted = Mapping[str, tuple[str, bool]]
"""Blob id, and whether it is executable, by path below `config/`."""


class ConfigVolume(Protocol):
    """The config volume, which may hold edits that nobody has reported yet."""

    def place(self, wanted: Wanted, read: Callable[[str], bytes], tables: Mapping[str, bytes]) -> list[str]:
        """Bring files to this content, except for those that somebody edited: these are returned.

        `read` gives a file's content by its path; `tables` are compiled ones, by path. Raises OSError.
        """
        ...


class NoVolume:
    """A node without a config volume."""

    def place(self, wanted: Wanted, read: Callable[[str], bytes], tables: Mapping[str, bytes]) -> list[str]:
        """Nothing to place."""
        del wanted, read, tables
        return []
