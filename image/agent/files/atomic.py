"""Files that are either the old or the new content, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from agent.errors import Corrupt
from agent.paths import ASIDE
from wire.durable import put_in_place


def write_durable(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file so that it survives a power cut. Raises OSError, then nothing changed.

    A folder that somebody removed meanwhile is made again, for the owner alone.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(ASIDE + path.name)
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    except OSError:
        with contextlib.suppress(OSError):  # something else of that name: gone for the next try
            aside.unlink()
        raise
    put_in_place(handle, aside, path, content, mode)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file durably."""
    write_durable(path, json.dumps(value, sort_keys=True, ensure_ascii=False).encode() + b"\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file, None when there is no file. Raises Corrupt."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Corrupt(f"{path}: {error}") from error
