"""The writer's lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from controlplane.errors import Conflict, Unavailable
from controlplane.lock import WriterLock

HOLD = """
import sys
from pathlib import Path
from controlplane.lock import WriterLock
with WriterLock(Path(sys.argv[1])).hold("a long import"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_waits_no_longer_than_its_deadline(tmp_path: Path) -> None:
    """The refusal says who holds the lock and for what; when the holder is killed the lock is free."""
    lock = WriterLock(tmp_path / "lock")
    command = [sys.executable, "-c", HOLD, str(lock.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(Conflict, match=rf"process {other.pid} \(a long import\)"),
            lock.hold(deadline=0.05),
        ):
            pass
        other.kill()
    with lock.hold("a test", deadline=5):
        assert lock.holder() == f"process {os.getpid()} (a test)"


def test_a_thread_may_hold_it_twice_but_two_threads_may_not(tmp_path: Path) -> None:
    """Nested steps of one change share the lock; another thread is refused at its deadline."""
    lock, refused = WriterLock(tmp_path / "lock"), threading.Event()

    def other() -> None:
        try:
            with lock.hold(deadline=0.05):
                pass
        except Conflict:
            refused.set()

    with lock.hold(), lock.hold():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert refused.is_set()
    with lock.hold(deadline=0):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A lock that cannot be made is an expected error."""
    with pytest.raises(Unavailable), WriterLock(tmp_path / "none/lock").hold():
        pass
