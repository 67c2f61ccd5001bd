"""Packing: loose objects go into packs, and nobody notices."""

from __future__ import annotations

import pytest

from controlplane.event_log import EventLog
from controlplane.git import StateRepo, many_loose, pack_loose, prune_packed, relaxed
from controlplane.verify import verify
from tests.store.samples import fill


def loose(repo: StateRepo) -> int:
    """How many objects lie loose."""
    return sum(1 for folder in (repo.path / "objects").glob("??") for _ in folder.iterdir())


def test_loose_objects_move_into_a_pack(repo: StateRepo, log: EventLog) -> None:
    """Handles that were open before go on reading and writing; the log holds together."""
    with relaxed():
        fill(log, 20)
    before = list(log.iterate())
    pack_loose(repo.path)
    prune_packed(repo.path)
    assert loose(repo) == 0
    assert len(list((repo.path / "objects").glob("??"))) == 256
    assert list(log.iterate()) == before
    fill(log, 1)
    assert log.tip().position == 21
    assert [f for step in verify(StateRepo(repo.path), log) for f in step.findings] == []


def test_packing_waits_until_it_is_worth_it(
    repo: StateRepo, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new repository is left alone; one with many loose objects is not."""
    assert not many_loose(repo.path)
    monkeypatch.setattr("controlplane.git.packing.MANY", 1)
    with relaxed():
        for _ in range(2000):
            fill(log, 1)
            if many_loose(repo.path):
                break
    assert many_loose(repo.path)
