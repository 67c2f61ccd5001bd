"""Appends, folds, replays and verification per second: `python -m benchmarks.log --replay 100000`."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controlplane.event_log import EventLog
from controlplane.events import AccountAdded, AliasAdded, ChangeSet
from controlplane.fold import fold
from controlplane.git import StateRepo, many_loose, pack_loose, prune_packed
from controlplane.lock import WriterLock
from controlplane.model import State
from controlplane.states import snapshot
from controlplane.states.checkpoints import Checkpoints
from controlplane.verify import verify
from tests.fsync import without_fsync

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def change(position: int, events: int) -> ChangeSet:
    """A change set of that many events, alternately accounts and aliases."""
    made = (
        AccountAdded(address=f"user{position}-{n}@example.test", password_hash="{SHA512-CRYPT}$6$" + "x" * 90)
        if n % 2 == 0
        else AliasAdded(source=f"alias{position}-{n}@example.test", targets=("user@example.test",))
        for n in range(events)
    )
    time = BEGIN + timedelta(seconds=position)
    return ChangeSet(position, "Ada Admin", "push", time, "a ticket", tuple(made), main_commit="a" * 40)


def fill(log: EventLog, count: int, events: int, packed: Path | None = None) -> None:
    """Append that many change sets; `packed` is a repository to pack as often as the daemon does."""
    first = log.tip().position + 1
    for position in range(first, first + count):
        log.append(change(position, events))
        if packed and many_loose(packed):
            pack_loose(packed)
            prune_packed(packed)


def replay(log: EventLog) -> State:
    """Read, decode and fold the whole log."""
    return fold(State(), log.events())


def report(name: str, count: int, run: Callable[[], object]) -> None:
    """Run once and print a row of the table."""
    start, worked = time.perf_counter(), time.process_time()
    run()
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    rate = f"{count / seconds:10.0f} /s"
    print(f"{name:44} {count:8} in {seconds:7.2f} s  ({worked:7.2f} s of a core) {rate}", flush=True)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Make a log and time what is done with it."""
    repo = StateRepo.ensure(folder / "state.git")
    log = EventLog(repo, WriterLock(folder / "writer.lock"))
    report("appends, durable", options.appends, lambda: fill(log, options.appends, 1))
    rest = max(options.replay // options.events - options.appends, 0)
    with without_fsync():
        packed = None if options.loose else repo.path
        name = "appends, not synced" if options.loose else "appends, not synced, packing included"
        report(name, rest, lambda: fill(log, rest, options.events, packed))
    events = options.appends + rest * options.events
    many = [event for position in range(1, 11) for event in change(position, 10_000).events]
    report("folds, events in memory", len(many), lambda: fold(State(), many))
    report("replay (events)", events, lambda: replay(EventLog(StateRepo(repo.path), log.lock)))
    report("verification (change sets)", log.tip().position, lambda: list(verify(repo, log)))
    checkpoints = Checkpoints(folder / "checkpoints")
    kept = checkpoints.current(log, folder / "none")
    path = folder / "snapshot.json"
    report(
        "snapshot written (accounts)", len(kept.state.desired.accounts), lambda: snapshot.write(path, kept)
    )
    report(
        "snapshot read (accounts)",
        len(kept.state.desired.accounts),
        lambda: checkpoints.current(log, path),
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=500, help="durable appends of one event")
    parser.add_argument("--replay", type=int, default=10_000, help="events in the log")
    parser.add_argument("--events", type=int, default=1, help="events a change set in the rest of the log")
    parser.add_argument("--loose", action="store_true", help="never pack, as the daemon would")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="log-") as folder:
        measure(Path(folder), options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
