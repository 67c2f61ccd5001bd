"""Packing: loose objects go into packs while everything else goes on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from controlplane.event_log import EventLog
from controlplane.git import (
    StateRepo,
    many_loose,
    merge_packs,
    pack_loose,
    prune_packed,
    remove_packs,
    sweep,
)
from controlplane.git.leftovers import OLD
from controlplane.git.packing import MOST_PACKS
from controlplane.verify import verify
from tests.change_sets import fill
from tests.fsync import without_fsync


def loose(repo: StateRepo) -> int:
    """How many objects lie loose."""
    return sum(1 for folder in (repo.path / "objects").glob("??") for _ in folder.iterdir())


def test_loose_objects_move_into_a_pack(repo: StateRepo, log: EventLog) -> None:
    """Handles that were open before go on reading and writing; the log holds together."""
    with without_fsync():
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
    with without_fsync():
        for _ in range(2000):
            fill(log, 1)
            if many_loose(repo.path):
                break
    assert many_loose(repo.path)


def packed(repo: StateRepo, log: EventLog, times: int) -> None:
    """Pack a few change sets, so many times."""
    for _ in range(times):
        with without_fsync():
            fill(log, 2)
        pack_loose(repo.path)
        prune_packed(repo.path)
        list(log.iterate())


def packs(repo: StateRepo) -> set[str]:
    """The names of the packs."""
    return {path.stem for path in (repo.path / "objects/pack").glob("*.pack")}


def held(repo: StateRepo) -> list[str]:
    """Packs that this process keeps open or mapped although they are gone (proc(5))."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    names = [line for line in maps if str(repo.path) in line]
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(descriptor.readlink()))
    return [name for name in names if str(repo.path) in name and "(deleted)" in name]


def test_small_packs_become_one_and_nothing_is_held(repo: StateRepo, log: EventLog) -> None:
    """Handles are opened again: no pack that is gone stays open, mapped or missed."""
    packed(repo, log, 10)
    before, small = list(log.iterate()), packs(repo)
    reader = repo.fresh()
    reading = EventLog(reader, log.lock)
    assert list(reading.iterate()) == before
    replaced = merge_packs(repo.path)
    assert set(replaced) == small
    remove_packs(repo.path, replaced)
    assert held(repo)
    repo.reopen()
    assert list(log.iterate()) == before
    assert list(reading.iterate()) == before  # it finds out by itself
    del reader, reading
    repo.reopen()
    assert held(repo) == []
    assert len(packs(repo)) == 1
    assert [f for step in verify(StateRepo(repo.path), log) for f in step.findings] == []


def test_packs_stay_few(repo: StateRepo, log: EventLog) -> None:
    """The number of packs grows only with the logarithm of how often is packed."""
    for _ in range(6):
        packed(repo, log, 5)
        remove_packs(repo.path, merge_packs(repo.path))
        repo.reopen()
    assert len(packs(repo)) <= MOST_PACKS + 4
    assert merge_packs(repo.path) == []


def test_a_pack_that_a_push_holds_stays(repo: StateRepo, log: EventLog) -> None:
    """git keeps what a push under way has brought until its references are set (git-index-pack(1))."""
    packed(repo, log, 9)
    kept = sorted((repo.path / "objects/pack").glob("*.pack"))[0]
    kept.with_suffix(".keep").touch()
    assert kept.stem not in merge_packs(repo.path)


def test_what_killed_processes_left_goes_in_time(repo: StateRepo) -> None:
    """What is old is stale; what is new may be in use."""
    objects = repo.path / "objects"
    old = [objects / "pack/tmp_pack_a", objects / "17/tmp_obj_b", objects / "tmp_objdir-incoming-c/x"]
    new = objects / "pack/tmp_pack_new"
    for path in (*old, new):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for path in (*old, old[-1].parent):
        os.utime(path, (1, 1))
    assert len(sweep(repo.path, older_than=OLD)) == 3
    assert new.exists()
    assert not any(path.exists() for path in old)
