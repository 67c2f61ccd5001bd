"""What killed writers leave goes, and nothing that is in use."""

from __future__ import annotations

import os
import time
from pathlib import Path

from controlplane.git import OF_THE_CONTROL_FOLDER, StateRepo, sweep
from controlplane.git.leftovers import git_runs

LEFT = [
    "objects/tmp_obj_x",
    "objects/17/tmp_obj_y",
    "objects/pack/tmp_pack_z",
    "objects/tmp_objdir-incoming-a/17/x",
    "objects/incoming-b/pack/y",
    "objects/maintenance.lock",
    "gc.pid",
]


def test_old_leftovers_go_and_the_rest_stays(tmp_path: Path) -> None:
    """By age: what is young may be in use."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    known = set(repo.path.rglob("*"))
    for name in LEFT:
        path = repo.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert sweep(repo.path, older_than=60) == []
    for path in repo.path.rglob("*"):
        os.utime(path, (time.time() - 120,) * 2, follow_symlinks=False)
    assert len(sweep(repo.path, older_than=60)) == len(LEFT)
    assert set(repo.path.rglob("*")) == known


def test_files_written_aside_go(tmp_path: Path) -> None:
    """Of the control folder only those."""
    (tmp_path / "accepted").mkdir()
    for name in ("accepted/.c.json.x", ".snapshot.json.y", "accepted/c.json", "snapshot.json", ".gitconfig"):
        (tmp_path / name).touch()
    assert sweep(tmp_path, OF_THE_CONTROL_FOLDER, older_than=0) == [".snapshot.json.y", "accepted/.c.json.x"]


def test_a_git_that_runs_is_seen(tmp_path: Path) -> None:
    """By the names of processes."""
    assert not git_runs(tmp_path)
    (tmp_path / "12").mkdir()
    (tmp_path / "12/comm").write_text("git-receive-pac\n")
    assert git_runs(tmp_path)
