"""Objects of the state repository: loose ones from their files, others and damaged ones by git."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import Corrupt, NotFound
from agent.release.git_objects import ObjectReader
from tests.agent.conftest import Repository, git

FILES = {"config/one.cf": b"1\n", "config/two.cf": b"2\n" * 100_000}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of its own."""
    folder = tmp_path / "state.git"
    folder.mkdir()
    git(folder, "init", "-q", "--bare")
    return Repository(folder)


@pytest.fixture
def commit(repository: Repository) -> str:
    """A commit of two files."""
    return repository.commit(FILES)


def contents(reader: ObjectReader, commit: str) -> dict[str, bytes]:
    """Every file of a commit."""
    return {path: reader.blob(oid) for path, _, oid in reader.walk(commit)}


def place(repository: Repository, commit: str, path: str) -> Path:
    """Where a file of a commit lies as a loose object."""
    oid = git(repository.folder, "rev-parse", f"{commit}:{path}")
    return repository.folder / "objects" / oid[:2] / oid[2:]


def test_loose_objects_need_no_process(
    repository: Repository, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that has just been written is read without git."""
    monkeypatch.setattr(ObjectReader, "_start", lambda _: pytest.fail("git was started"))
    with ObjectReader(repository.folder) as reader:
        assert contents(reader, commit) == FILES
        found = {path for path, _, _ in reader.walk(f"{commit}:config")}
        assert found == {path.removeprefix("config/") for path in FILES if path.startswith("config/")}
        with pytest.raises(NotFound):
            reader.tree(f"{commit}:other")


def test_packed_objects_are_read_by_git(repository: Repository, commit: str) -> None:
    """So are names of commits."""
    git(repository.folder, "update-ref", "refs/heads/main", commit)
    git(repository.folder, "repack", "-adq")
    assert not place(repository, commit, "config/two.cf").exists()
    with ObjectReader(repository.folder) as reader:
        assert contents(reader, "refs/heads/main") == FILES


def test_objects_of_a_push_lie_elsewhere(repository: Repository, commit: str, tmp_path: Path) -> None:
    """What git holds in quarantine until a push is taken is found in its folder."""
    aside = tmp_path / "aside"
    shutil.copytree(repository.folder / "objects", aside)
    place(repository, commit, "config/two.cf").unlink()
    with ObjectReader(repository.folder, [str(aside)]) as reader:
        assert contents(reader, commit) == FILES
    with ObjectReader(repository.folder) as reader, pytest.raises(NotFound):
        contents(reader, commit)


def cut(file: Path) -> None:
    """Leave the first half of it."""
    file.chmod(0o644)
    os.truncate(file, file.stat().st_size // 2)


def exchange(file: Path) -> None:
    """Put another whole object in its place."""
    other = next(each for each in file.parent.parent.glob("??/*") if each != file)
    file.unlink()
    shutil.copy(other, file)


def link(file: Path) -> None:
    """Keep it elsewhere: who may write the folder could let root read anything so."""
    elsewhere = file.parent.parent.parent / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


@pytest.mark.parametrize("damage", [cut, exchange, link])
def test_a_file_that_is_not_the_object_is_left_to_git(
    repository: Repository, commit: str, damage: Callable[[Path], None]
) -> None:
    """There may be a good copy in a pack."""
    pack = repository.folder / "objects/pack"
    git(repository.folder, "update-ref", "refs/heads/main", commit)
    git(repository.folder, "repack", "-aq")
    assert list(pack.glob("*.pack"))
    damage(place(repository, commit, "config/two.cf"))
    with ObjectReader(repository.folder) as reader:
        assert contents(reader, commit) == FILES


def test_a_damaged_object_without_a_copy_is_told(repository: Repository, commit: str) -> None:
    """Others can be read afterwards."""
    cut(place(repository, commit, "config/two.cf"))
    oid = git(repository.folder, "rev-parse", f"{commit}:config/two.cf")
    with ObjectReader(repository.folder) as reader:
        with pytest.raises(Corrupt, match=oid):
            reader.blob(oid)
        assert reader.blob(git(repository.folder, "rev-parse", f"{commit}:config/one.cf")) == b"1\n"
