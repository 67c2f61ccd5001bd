"""Large blobs are stored as they are, in git's format."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from controlplane.errors import Unavailable
from controlplane.git import StateRepo
from controlplane.git.large_blobs import LARGE
from wire.blobs import blob_id


def _git(repo: StateRepo, *words: str) -> bytes:
    return subprocess.run(["git", f"--git-dir={repo.path}", *words], check=True, capture_output=True).stdout


@pytest.mark.parametrize("size", [LARGE, LARGE + 1, 40 * 0xFFFF, 600 * 0xFFFF + 7])
def test_git_reads_what_was_written(tmp_path: Path, size: int) -> None:
    """git, libgit2 and our own reader agree on content, size and id."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    content = os.urandom(4096) * (size // 4096 + 1)
    content = content[:size]
    oid = repo.write_blob(content)
    assert oid == blob_id(content)
    assert repo.blob(oid) == content
    assert repo.blob_size(oid) == size
    assert _git(repo, "cat-file", "blob", oid) == content
    assert b"error" not in _git(repo, "fsck", "--full")
    assert repo.fresh().write_blob(content) == oid


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an object nor half of one."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    content = b"x" * (2 * LARGE)

    def full(_handle: int, _buffers: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        with pytest.raises(Unavailable, match="No space"):
            repo.write_blob(content)
        patch.setattr(os, "writev", lambda *_: 10)
        with pytest.raises(Unavailable, match="No space"):
            repo.write_blob(content)
    assert not [path for path in (repo.path / "objects").rglob("*") if path.is_file()]
    assert repo.blob(repo.write_blob(content)) == content
