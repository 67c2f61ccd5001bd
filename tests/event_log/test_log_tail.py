"""The second copy of the newest change sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane import log_tail
from controlplane.event_log import EventLog
from controlplane.git import StateRepo
from controlplane.log_tail import LogTail
from tests.change_sets import fill


def _tail(log: EventLog, tmp_path: Path) -> LogTail:
    log.copy = tail = LogTail(tmp_path / "log-tail")
    return tail


def _lose(repo: StateRepo, count: int) -> None:
    """Empty the newest objects of the log."""
    tip = repo.refs.get("events")
    for link in repo.links(tip, limit=count):
        for oid in (link[:20].hex(), link[20:40].hex()):
            path = repo.path / "objects" / oid[:2] / oid[2:]
            path.chmod(0o644)
            path.write_bytes(b"")


def test_lost_objects_come_back(repo: StateRepo, log: EventLog, tmp_path: Path) -> None:
    """Those that are damaged and no others."""
    tail = _tail(log, tmp_path)
    fill(log, 5)
    before = [log.read(position) for position in range(1, 6)]
    _lose(repo, 3)
    assert tail.put_back(repo) == 6
    assert [log.read(position) for position in range(1, 6)] == before
    assert tail.put_back(repo) == 0


def test_what_is_damaged_of_the_copy_is_passed_over(repo: StateRepo, log: EventLog, tmp_path: Path) -> None:
    """A line that was cut or changed says nothing; the rest counts."""
    tail = _tail(log, tmp_path)
    fill(log, 3)
    path = tmp_path / "log-tail"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][:20], b"\xff\0{}\n", *lines[3:]])[:-9])
    _lose(repo, 1)
    assert tail.put_back(repo) == 2


def test_the_copy_is_bounded(
    repo: StateRepo, log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files, of which the older one goes; where it cannot be written the change is made all the same."""
    monkeypatch.setattr(log_tail, "MOST", 4_000)
    tail = _tail(log, tmp_path)
    fill(log, 30)
    sizes = [path.stat().st_size for path in tmp_path.glob("log-tail*")]
    assert len(sizes) == 2
    assert max(sizes) < 8_000
    _lose(repo, 1)
    assert tail.put_back(repo) == 2
    for path in tmp_path.glob("log-tail*"):
        path.unlink()
        path.mkdir()
    tip = log.tip()
    assert tip.position == 30
    tail.keep(repo, tip.commit)
    assert tail.put_back(repo) == 0
