"""A state repo and its log in a scratch folder, and change sets to put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.event_log import EventLog
from controlplane.git import StateRepo
from controlplane.lock import WriterLock
from tests.store.samples import open_log


@pytest.fixture
def repo(tmp_path: Path) -> StateRepo:
    """A new, empty state repo."""
    return StateRepo.ensure(tmp_path / "state.git")


@pytest.fixture
def lock(tmp_path: Path) -> WriterLock:
    """The writer's lock beside the repo."""
    return WriterLock(tmp_path / "writer.lock")


@pytest.fixture
def log(repo: StateRepo, tmp_path: Path) -> EventLog:
    """The empty event log of the repo."""
    return open_log(tmp_path, repo)
