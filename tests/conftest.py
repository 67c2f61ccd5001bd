"""What all tests share: steady property tests, a git that ignores the machine, a state repo and its log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from structlog.contextvars import clear_contextvars

from controlplane.event_log import EventLog
from controlplane.git import StateRepo
from controlplane.lock import WriterLock
from tests.change_sets import open_log

settings.register_profile("laptop", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "laptop"))

GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada Admin",
    "GIT_AUTHOR_EMAIL": "ada@example.test",
    "GIT_AUTHOR_DATE": "2026-11-22T14:03:11Z",
    "GIT_COMMITTER_NAME": "Ada Admin",
    "GIT_COMMITTER_EMAIL": "ada@example.test",
    "GIT_COMMITTER_DATE": "2026-11-22T14:03:11Z",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files are only ever rewritten on request."""
    parser.addoption("--update-golden", action="store_true", help="take over what is rendered now")


@pytest.fixture(autouse=True, scope="session")
def _hermetic_git() -> Iterator[None]:
    """No user or system configuration, a fixed identity and fixed dates, no variables of a calling git."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        for name, value in GIT_ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _no_request() -> Iterator[None]:
    """What a request binds to the log ends with its thread in the daemon, and with the test here."""
    yield
    clear_contextvars()


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
