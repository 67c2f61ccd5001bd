"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wire.durable import put_in_place


def aside(path: Path) -> tuple[int, Path]:
    """A new file beside another."""
    found = path.with_name("aside")
    return os.open(found, os.O_WRONLY | os.O_CREAT, 0o600), found


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """With content and mode."""
    path = tmp_path / "file"
    path.write_text("old")
    put_in_place(*aside(path), path, b"new", 0o640)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208  # names alone


@pytest.mark.parametrize("step", ["fsync", "fchmod"])
def test_a_failing_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """And nothing beside it."""
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    given = aside(path)
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space"):
        put_in_place(*given, path, b"new", 0o640)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
