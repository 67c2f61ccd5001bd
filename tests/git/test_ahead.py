"""Large files of a change are written before it is decided on, and are nothing until then."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from controlplane.errors import Unavailable
from controlplane.git import Change, NewFile, StateRepo
from controlplane.git.large_blobs import LARGE
from wire.blobs import blob_id

LONG = b"user@example.test|hash\n" * (LARGE // 20)


@pytest.fixture
def repo(tmp_path: Path) -> StateRepo:
    """A new repository."""
    return StateRepo.ensure(tmp_path / "state.git")


def _objects(repo: StateRepo) -> list[Path]:
    return [path for path in (repo.path / "objects").rglob("*") if path.is_file()]


def _taken(repo: StateRepo, changes: Mapping[str, Change]) -> str:
    with repo.written_ahead(changes) as ahead:
        return repo.write_tree("", ahead.named())


def test_a_change_that_is_taken_has_its_objects(repo: StateRepo) -> None:
    """git reads them, however large, and packing is told how much lies loose."""
    tree = _taken(repo, {"a/long": NewFile(LONG), "short": NewFile(b"x"), "gone": None})
    assert {path: repo.blob(e.id) for path, e in repo.tree_files(tree).items()} == {
        "a/long": LONG,
        "short": b"x",
    }
    assert repo.large_written == len(LONG)
    found = subprocess.run(
        ["git", f"--git-dir={repo.path}", "fsck", "--full"], check=True, capture_output=True, text=True
    )
    assert "error" not in found.stdout + found.stderr


def test_a_change_that_is_refused_leaves_nothing(repo: StateRepo) -> None:
    """No object, and no file under any name."""
    with pytest.raises(RuntimeError, match="refused"), repo.written_ahead({"long": NewFile(LONG)}):
        raise RuntimeError("refused")
    assert not _objects(repo)


def test_what_is_there_is_not_written_again(repo: StateRepo) -> None:
    """As when somebody takes a change back."""
    assert _taken(repo, {"a": NewFile(LONG)}) == _taken(repo, {"a": NewFile(LONG)})
    assert repo.large_written == len(LONG)


@pytest.mark.parametrize("fails", ["open", "link"])
def test_a_file_system_without_nameless_files_serves(
    repo: StateRepo, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """The objects are written when their tree is."""
    really = os.open

    def refuse(path: object, flags: int, *rest: object, **more: object) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return really(path, flags, *rest, **more)  # type: ignore[arg-type]

    def unlinkable(*_: object, **__: object) -> None:
        raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os, fails, refuse if fails == "open" else unlinkable)
    assert repo.blob(repo.tree_files(_taken(repo, {"long": NewFile(LONG)}))["long"].id) == LONG
    assert blob_id(LONG) in {path.parent.name + path.name for path in _objects(repo)}


def test_a_full_disk_is_told_when_the_change_is_taken(
    repo: StateRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it is left."""

    def full(_handle: int, _buffers: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(Unavailable, match="No space"):
        _taken(repo, {"long": NewFile(LONG)})
    assert not _objects(repo)
