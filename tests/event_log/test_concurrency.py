"""Many writers, and writers that die."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

from controlplane.fold import fold
from controlplane.git import StateRepo
from controlplane.lock import WriterLock
from controlplane.model import State
from controlplane.verify import verify
from tests.change_sets import change, open_log

ROOT = Path(__file__).parents[2]


def start_writer(folder: Path, name: str, threads: int, count: int) -> subprocess.Popen[str]:
    """A writer process whose acknowledgements can be read."""
    command = [sys.executable, "-m", "tests.event_log.writer", str(folder), name, str(threads), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_hundred_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    """Eight processes of five threads append two hundred change sets, each once, at contiguous positions."""
    StateRepo.ensure(tmp_path / "state.git")
    writers = [start_writer(tmp_path, f"w{number}", threads=5, count=5) for number in range(8)]
    said = [line.split() for writer in writers for line in writer.communicate(timeout=120)[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0] * 8
    log = open_log(tmp_path)
    assert sorted(int(position) for position, _, _ in said) == list(range(1, 201))
    stored = {(str(c.position), c.commit, c.events[0].subject.split("@")[0]) for c in log.iterate()}
    assert stored == {tuple(line) for line in said}


def test_a_writer_killed_anywhere_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    """What a killed writer acknowledged is there, nothing half-written is, and the next writer appends."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    dice, acknowledged = random.Random(7), {}  # noqa: S311  # reproducible moments, no secrets
    for number in range(6):
        writer = start_writer(tmp_path, f"k{number}", threads=1, count=1_000)
        assert writer.stdout is not None
        for _ in range(dice.randrange(1, 12)):
            position, commit, _ = writer.stdout.readline().split()
            acknowledged[int(position)] = commit
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout.read().splitlines():
            if line.count(" ") == 2:  # the last line may be cut short
                acknowledged[int(line.split()[0])] = line.split()[1]
        writer.wait()
        writer.stdout.close()
    log = open_log(tmp_path)
    log.append(change(log.tip().position + 1))
    commits = {c.position: c.commit for c in log.iterate()}
    assert list(commits) == list(range(1, log.tip().position + 1))
    assert acknowledged.items() <= commits.items()
    assert fold(State(), (e for c in log.iterate() for e in c.events)).desired.accounts
    assert not [f for step in verify(repo, log) for f in step.findings]


def test_the_lock_of_a_killed_writer_is_recovered(tmp_path: Path) -> None:
    """A lock file left on the log's branch does not stop the next writer, who holds the writer's lock."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    log = open_log(tmp_path, repo)
    log.append(change(1))
    left = repo.path / "refs/heads/events.lock"
    left.write_text("")
    assert log.append(change(2)).position == 2
    assert not left.exists()


def test_a_young_lock_of_another_branch_is_left_alone(tmp_path: Path) -> None:
    """Git itself may hold the lock of `main`: only an old one is removed."""
    repo = StateRepo.ensure(tmp_path / "state.git")
    left = repo.path / "refs/heads/main.lock"
    left.write_text("")
    with WriterLock(tmp_path / "writer.lock").hold():
        assert repo.recover_locks(ours=("events", "rendered")) == []
        assert repo.recover_locks(older_than=-1) == ["refs/heads/main.lock"]
