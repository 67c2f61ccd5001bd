"""An import and the config volume pass over the same files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config_volume.volume import Volume
from controlplane.cli.clone.config_folder import read_folder
from tests.agent.conftest import ControlPlane

LEFT_OVER = (
    *(".one.cf.swp", "one.cf.swp", "one.cf.swx", ".#one.cf", "#one.cf#", "one.cf~", "one.cf.bak~", "4913"),
    *("one.cf.bak", "one.cf.orig", "one.cf.rej", "one.cf.tmp", "one.cf.old", "one.cf.save"),
    *("one.db", "one.lmdb", "one.cdb", "one.svbin", "one.pyc", "__pycache__/one.cpython-311.pyc"),
    *(".git/config", "sub/.hidden/one.cf", "sub/#one.cf#", ".mail-agent~one.cf"),
)
CONFIGURATION = ("one.cf", "old", "#one.cf", "one.cf#", "sub/4914", "one.db.cf", "tmp/one", "a~b")


def sent(folder: Path) -> list[str]:
    """The files that the agent sends to the daemon."""
    daemon = ControlPlane()
    assert Volume(folder, folder.parent / "projection.json", daemon).report()
    return [change["path"] for change in daemon.asked]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty config folder."""
    made = tmp_path / "config"
    made.mkdir()
    return made


def write(folder: Path, name: str) -> None:
    """Put a file there."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x\n")


@pytest.mark.parametrize("name", LEFT_OVER)
def test_left_overs_are_passed_over(folder: Path, name: str) -> None:
    """By both, and the import says why."""
    write(folder, name)
    found = read_folder(folder)
    assert (list(found.files), list(found.left_out)) == ([], [name])
    assert sent(folder) == []


@pytest.mark.parametrize("name", CONFIGURATION)
def test_names_that_are_alike_are_taken(folder: Path, name: str) -> None:
    """By both."""
    write(folder, name)
    assert list(read_folder(folder).files) == [name]
    assert sent(folder) == [name]
