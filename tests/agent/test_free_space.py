"""A volume that fills up is reported before, while and after it is full."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.health.free_space import MIB, FreeSpace, threshold

GIB = 1024 * MIB


def fake(
    monkeypatch: pytest.MonkeyPatch, free: int, size: int = 10 * GIB, flag: int = 0, files: int = 1000
) -> None:
    """statvfs(3) answers so, whatever is asked about."""
    found = SimpleNamespace(
        f_blocks=size, f_frsize=1, f_bavail=free, f_files=1000, f_favail=files, f_flag=flag
    )
    monkeypatch.setattr(os, "statvfs", lambda _: found)


def room(tmp_path: Path, name: str = "state") -> FreeSpace:
    """One volume with one part."""
    (tmp_path / "part").mkdir(exist_ok=True)
    return FreeSpace({name: tmp_path}, {"mail": tmp_path / "part"})


@pytest.mark.parametrize(
    ("free", "flag", "files", "condition", "serves"),
    [
        (5 * GIB, 0, 1000, "ok", True),
        (400 * MIB, 0, 1000, "low", True),
        (5 * GIB, 0, 5, "low", True),
        (4096, 0, 1000, "full", False),
        (5 * GIB, 0, 0, "full", False),
        (5 * GIB, os.ST_RDONLY, 1000, "read-only", False),
    ],
)
def test_the_condition_of_a_volume(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    flag: int,
    files: int,
    condition: str,
    serves: bool,
) -> None:
    """Bytes, inodes and the mount's own flag count."""
    looked = room(tmp_path)
    fake(monkeypatch, free, flag=flag, files=files)
    assert looked.look()[0]["condition"] == condition
    assert looked.serves() == serves


def test_a_read_only_config_volume_is_none_to_warn_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be mounted so."""
    fake(monkeypatch, 5 * GIB, flag=os.ST_RDONLY)
    assert room(tmp_path, "config").serves()


def test_crossing_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once when it gets low, once when there is room again."""
    looked = room(tmp_path)
    for free in (5 * GIB, MIB * 2, MIB * 2, 5 * GIB, 5 * GIB):
        fake(monkeypatch, free)
        looked.look()
    lines = [line for line in capsys.readouterr().err.splitlines() if "room" in line]
    assert [("condition=low" in line, "condition=ok" in line) for line in lines] == [
        (True, False),
        (False, True),
    ]


def test_what_is_largest_is_told_where_room_is_scarce(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only there: counting costs something."""
    looked = room(tmp_path)
    (tmp_path / "part/big").write_bytes(b"x" * 100_000)
    fake(monkeypatch, 5 * GIB)
    assert looked.report()["largest"] == []
    fake(monkeypatch, 2 * MIB)
    assert looked.report()["largest"][0]["part"] == "mail"


def test_small_volumes_are_not_low_by_nature() -> None:
    """A fifth of them at most; large ones a gibibyte."""
    assert threshold(50 * MIB) == 10 * MIB
    assert threshold(10 * GIB) == 512 * MIB
    assert threshold(1024 * GIB) == GIB
