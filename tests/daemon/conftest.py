"""Sites: whole control planes in temporary folders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.other_images import Images
from tests.daemon.site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    """A running control plane; its folder has a short path, since sockets need one (unix(7))."""
    with tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as folder:
        made = Site(Path(folder))
        yield made
        made.close()


@pytest.fixture
def unapplied_site() -> Iterator[Site]:
    """A control plane whose agent is not there yet, so that nothing was applied."""
    with tempfile.TemporaryDirectory(prefix="site-", ignore_cleanup_errors=True) as folder:
        made = Site(Path(folder), agent=False)
        yield made
        made.close()


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Images:
    """Other images."""
    return Images(monkeypatch)
