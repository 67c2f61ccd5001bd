"""`plan --watch` and `validate --watch`: a person's clone, looked at again after each save."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from controlplane.cli.clone.watching import saves
from tests.cli.clone.test_offline import make_clone

ROOT = Path(__file__).parents[3]
SECONDS = 60.0
"""For a line to come; it takes less than one on a quiet machine."""
HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "x" * 86
MAILCTL = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job has none
    "from controlplane.cli.mailctl import main; main()"
)

Run = Callable[..., int]


class Watching:
    """A process of `mailctl`, and the lines of both its streams as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,))
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))

    def until(self, part: str) -> list[str]:
        """The lines from here to the one that holds this."""
        seen: list[str] = []
        while not seen or part not in seen[-1]:
            try:
                seen.append(self._lines.get(timeout=SECONDS))
            except queue.Empty:
                raise AssertionError(f"no line with {part!r} came, but {seen}") from None
        return seen

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        return status


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose origin/main has one account."""
    return make_clone(tmp_path / "mail-state")


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Watching]:
    """`mailctl` at work in the folder, where no server is."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "MAILCTL_SOCKET": str(folder / "nobody.sock"),
        "MAILCTL_STATE": str(folder / "no-state"),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", MAILCTL, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Watching(process)
        finally:
            process.kill()


def test_a_plan_is_made_again_at_each_save(clone: Path) -> None:
    """Each run names what was saved; git's own files do not count as saves; Ctrl-C is no failure."""
    with watching(clone, "plan", "--watch") as shown:
        shown.until("Plan: 0 to add, 0 to change, 0 to remove.")
        (clone / ".git/description").write_text("nothing to plan\n")
        (clone / "config/postfix-virtual.cf").write_text("info@example.test user1@example.test\n")
        lines = shown.until("Plan: 1 to add, 0 to change, 0 to remove.")
        assert [line for line in lines if line.startswith("► ") and "description" in line] == []
        (clone / "config/postfix-virtual.cf").unlink()
        shown.until("Plan: 0 to add, 0 to change, 0 to remove.")
        assert shown.interrupt() == 0


def test_mistakes_come_and_go(clone: Path) -> None:
    """What is wrong is shown, also where nothing can be read, and watching goes on."""
    with watching(clone, "validate", "--watch") as shown:
        shown.until("valid as far as can be told here")
        (clone / "mailserver.env").write_text("ENABEL_RSPAMD=1\n")
        shown.until("mailserver.env:1:")
        (clone / "mailserver.env").write_text("ENABLE_RSPAMD=0\n")
        shown.until("valid as far as can be told here")
        (clone / "mailserver.env").rename(clone / "aside")
        (clone / "config").rename(clone / "config.aside")
        shown.until("is no clone of the state repo")
        (clone / "config.aside").rename(clone / "config")
        (clone / "aside").rename(clone / "mailserver.env")
        shown.until("valid as far as can be told here")
        assert shown.interrupt() == 0


def test_a_save_during_a_run_is_seen(tmp_path: Path) -> None:
    """Watching begins before the first run, and what happens during one comes with the next list."""
    found = saves(tmp_path)
    assert next(found) == []
    (tmp_path / "one").write_text("1")
    assert next(found) == ["one"]
    (tmp_path / "two").write_text("2")
    assert next(found) == ["two"]
    found.close()


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_a_revision_cannot_be_watched(
    mailctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It is wrong usage, and said at once."""
    monkeypatch.chdir(tmp_path)
    assert mailctl(command, "--watch", "HEAD~1") == 2
