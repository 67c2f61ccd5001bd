"""The agent's own records: JSON files with a checksum; damage puts one aside instead of stopping a start.

A record is `{"sum": DIGEST, "value": …}`. One from before there were sums counts where it has
the form of its kind. What does not is renamed to `NAME.damaged`, and whoever asked goes on without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.files.atomic import write_durable
from agent.log import log
from agent.records.findings import Findings

DAMAGED = ".damaged"
KEPT_DAMAGED = 8
"""Damaged records that stay to be looked at, in a folder."""

Fits = Callable[[Any], bool]
"""Whether a value has the form of a kind of record."""


class Damaged(Exception):
    """A record that does not hold together; the text says in what way. Never leaves this module."""


class Records:
    """The records in one folder. `part` is what reports call them."""

    def __init__(self, folder: Path, findings: Findings) -> None:
        self.folder, self.findings = folder, findings

    def read(self, name: str, fits: Fits) -> tuple[Any, str]:
        """The value of a record (None where there is none) and why it was put aside, "" where it was not."""
        path = self.folder / name
        try:
            return _decode(path.read_bytes(), fits), ""
        except FileNotFoundError:
            return None, ""
        except (OSError, Damaged) as error:
            reason = str(error) if isinstance(error, Damaged) else (error.strerror or "it cannot be read")
            put_aside(path)
            return None, reason

    def take(self, name: str, fits: Fits, lost: str) -> Any:
        """The same for a record that can be done without: `lost` says what its loss means."""
        value, damage = self.read(name, fits)
        if damage:
            self.findings.mended("agent", f"{name} was damaged ({damage}) and was started again: {lost}")
        return value

    def write(self, name: str, value: Any) -> None:
        """Replace a record durably. Raises OSError, then nothing changed."""
        path = self.folder / name
        if path.is_dir() and not path.is_symlink():
            put_aside(path)
        write_durable(path, encode(value))

    def remove(self, name: str) -> None:
        """Remove a record, whatever lies in its place."""
        path = self.folder / name
        if path.is_dir() and not path.is_symlink():
            put_aside(path)
        path.unlink(missing_ok=True)


def encode(value: Any) -> bytes:
    """A record as it is written."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f'{{"sum": "{_sum(text)}", "value": {text}}}\n'.encode(errors="surrogatepass")


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _decode(content: bytes, fits: Fits) -> Any:
    if not content.strip(b" \0\r\n"):
        raise Damaged("it is empty")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Damaged("it is no JSON") from error
    if isinstance(value, dict) and value.keys() == {"sum", "value"}:
        whole, value = value, value["value"]
        if whole["sum"] != _sum(json.dumps(value, sort_keys=True, ensure_ascii=False)):
            raise Damaged("it does not have its checksum")
    if not fits(value):
        raise Damaged("it does not have the form of one")
    return value


def decode(content: bytes, fits: Fits) -> Any | None:
    """The value of a record's content, None where that is damaged."""
    try:
        return _decode(content, fits)
    except Damaged:
        return None


def put_aside(path: Path) -> None:
    """Rename something damaged out of the way; a few are kept, each in the place of the one before."""
    aside = path.with_name(path.name + DAMAGED)
    try:
        if aside.is_dir() and not aside.is_symlink():
            shutil.rmtree(aside)
        else:  # a folder cannot be renamed over a file
            aside.unlink(missing_ok=True)
        path.replace(aside)
    except OSError as error:
        log.warning("what is damaged could not be put aside", path=path, reason=error)
        return
    damaged = sorted(path.parent.glob("*" + DAMAGED), key=_changed)
    for old in damaged[:-KEPT_DAMAGED]:
        with contextlib.suppress(OSError):
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()


def _changed(path: Path) -> float:
    return path.lstat().st_ctime


def folder(path: Path, findings: Findings) -> None:
    """Make a folder of the agent's own; what lies in its place is put aside. Raises OSError."""
    if os.path.lexists(path) and not path.is_dir():
        put_aside(path)
        findings.mended("agent", f"{path.name} was no folder and was made again")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def has(form: Mapping[str, type | tuple[type, ...]]) -> Fits:
    """A check that a value is an object with these keys, at least, of these types."""

    def fits(value: Any) -> bool:
        return isinstance(value, dict) and all(
            name in value and isinstance(value[name], kind) and not _odd(value[name], kind)
            for name, kind in form.items()
        )

    return fits


def _odd(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Python counts a truth value as a number."""
    return isinstance(value, bool) and kind is int
