"""First questions to a long log, this build beside another: `python -m benchmarks.audit --against CHECKOUT`.

CHECKOUT is a folder with the other build's sources. A log of `--events` events is made once; each round
starts each build, one after the other, on a copy without any derived file, and asks what people ask first.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import IO

from controlplane.event_log import BLOBS, EVENTS, HEADER, EventLog
from controlplane.events import (
    AccountAdded,
    AccountChanged,
    AliasAdded,
    AliasChanged,
    ChangeSet,
    Event,
    QuotaSet,
    ReleaseApplied,
    SettingPinned,
)
from controlplane.fold import fold
from controlplane.git import StateRepo, scrubbed_environment
from controlplane.intake.proposal import render
from controlplane.intake.trees import node_files
from controlplane.lock import WriterLock
from controlplane.log_format import encode_events, encode_header
from controlplane.model import State
from controlplane.release import Basis, Releases
from controlplane.timestamps import format_time

ROOT = Path(__file__).parents[1]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HASH = "{SHA512-CRYPT}$6$" + "x" * 90

NEWER = re.compile(rb', "(position|held)": (0|\[\])')
"""Fields that an older build does not know; a newer one does without."""

WORKER = """
import json, sys, time
from pathlib import Path
from controlplane.daemon.run import Places, build, handle

root, template, questions = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
begun = time.perf_counter()
hooks = template.parent / "hooks"
places = Places(root=root, socket=root / "s", agent=root / "a", hooks=hooks, template=template)
daemon = build(places, None)

def ask(**request):
    return handle(daemon, request, lambda line: None)

def ask_the_log(limit, **_):
    project = lambda given: ask(op="project", **given)
    return LogQuestions(root, project, lambda line: None).log({}, limit)

try:
    from controlplane.log_questions import LogQuestions
except ImportError:  # a build whose daemon answers by itself
    ask_the_log = ask
found = {"start": time.perf_counter() - begun}
for name, request in questions.items():
    begun = time.perf_counter()
    (ask_the_log if request["op"] == "log" else ask)(**request)
    found[name] = time.perf_counter() - begun
print(json.dumps(found))
"""


def events_of(number: int, count: int, accounts: int) -> Iterator[Event]:
    """Some thousand accounts and aliases that come, change and are reported on."""
    chance = random.Random(number)  # noqa: S311  # the same log every time
    for _ in range(count):
        who = chance.randrange(accounts)
        match chance.randrange(8):
            case 0 | 1:
                yield AccountChanged(address=f"user{who}@example.test", password_hash=HASH + str(number))
            case 2 | 3:
                targets = (f"user{chance.randrange(accounts)}@example.test",)
                yield AliasChanged(source=f"alias{who}@example.test", targets=targets)
            case 4 | 5:
                yield QuotaSet(address=f"user{who}@example.test", limit=f"{number % 900 + 1}M")
            case 6:
                yield SettingPinned(name="POSTMASTER_ADDRESS", value=f"user{who}@example.test")
            case _:
                yield ReleaseApplied(node="mail", release=1, seconds=0.3)


def change_sets(events: int, most: int, accounts: int, main: str) -> Iterator[ChangeSet]:
    """A first import, then change sets of 1 to `most` events."""
    first: list[Event] = [
        AccountAdded(address=f"user{n}@example.test", password_hash=HASH) for n in range(accounts)
    ]
    first += [
        AliasAdded(source=f"alias{n}@example.test", targets=("user0@example.test",)) for n in range(accounts)
    ]
    given = ChangeSet(1, "Ada Admin", "push", BEGIN, "a ticket", tuple(first), main_commit=main)
    made, chance = len(first), random.Random(1)  # noqa: S311
    yield given
    while made < events:
        position = given.position + 1
        count = min(chance.randint(1, most), events - made)
        given = replace(
            given,
            position=position,
            actor=f"Ada Admin {position % 7}",
            time=BEGIN + timedelta(seconds=position * 30),
            events=tuple(events_of(position, count, accounts)),
        )
        made += count
        yield given


def main_files(state: State) -> dict[str, str]:
    """The text that means the same as a state of this log."""
    desired = state.desired
    rows = {
        "config/postfix-accounts.cf": [f"{a.address}|{a.password_hash}" for a in desired.accounts.values()],
        "config/postfix-virtual.cf": [f"{a.source} {','.join(a.targets)}" for a in desired.aliases.values()],
        "config/dovecot-quotas.cf": [f"{key}:{limit}" for key, limit in desired.quotas.items()],
        "mailserver.env": [f"{name}={value}" for name, value in desired.settings.items()],
    }
    return {path: "\n".join(lines) + "\n" for path, lines in rows.items()}


def _commit(stream: IO[bytes], branch: str, seconds: int, files: dict[str, bytes], parent: str = "") -> None:
    head = f"commit refs/heads/{branch}\ncommitter Ada <ada@example.test> {seconds} +0000\ndata 1\nx\n"
    stream.write(head.encode() + (f"from {parent}\n".encode() if parent else b"") + b"deleteall\n")
    for path, content in files.items():
        stream.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))


def _import(repository: Path, write: Iterator[tuple[str, int, dict[str, bytes]]]) -> None:
    command = [shutil.which("git") or "git", "--git-dir", str(repository), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=scrubbed_environment()) as process:
        assert process.stdin is not None
        for branch, seconds, files in write:
            _commit(process.stdin, branch, seconds, files)


def make(root: Path, options: argparse.Namespace) -> int:
    """A state volume with a log of so many events and a `main` that says the same; its last position."""
    repo = StateRepo.ensure(root / "state.git")

    def story(main: str) -> Iterator[ChangeSet]:
        return change_sets(options.events, options.most, options.accounts, main)

    state = fold(State(), (event for given in story("") for event in given.events))
    files = {path: text.encode() for path, text in main_files(state).items()}
    _import(repo.path, iter([("main", int(BEGIN.timestamp()), files)]))
    main = StateRepo(repo.path).refs.get("main")

    def commits() -> Iterator[tuple[str, int, dict[str, bytes]]]:
        for given in story(main):
            lines, blobs = encode_events(given.events)
            content = {HEADER: encode_header(given), EVENTS: NEWER.sub(b"", lines)}
            content |= {f"{BLOBS}/{name}": blob for name, blob in blobs.items()}
            yield "events", int(given.time.timestamp()), content

    _import(repo.path, commits())
    return _release(StateRepo(repo.path), state)


def _release(repo: StateRepo, state: State) -> int:
    """Leave the release that the log's end renders to; the last position."""
    tip = EventLog(repo, WriterLock(repo.path / "lock")).tip()
    trees, complaints = render(state)
    assert trees is not None, complaints
    Releases(repo).write(node_files(trees), Basis(tip.position, tip.commit, tip.main_commit, "0"), tip.time)
    return tip.position


def ask(build: Path, volume: Path, questions: dict[str, dict[str, object]]) -> dict[str, float]:
    """Start one build on a copy of the volume and time its first questions, in seconds."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        root = Path(folder) / "state"
        shutil.copytree(volume, root)
        arguments = [str(root), str(build / "state-repo-template"), json.dumps(questions)]
        done = subprocess.run(
            [sys.executable, "-c", WORKER, *arguments],
            env={"PYTHONPATH": str(build), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def questions(last: int) -> dict[str, dict[str, object]]:
    """The first questions of a person, each in the middle of the log."""
    middle = format_time(BEGIN + timedelta(seconds=last * 15))
    return {
        "first `log`": {"op": "log", "limit": 50},
        "`show --at` position": {"op": "show", "at": str(last // 2)},
        "`show --at` time": {"op": "show", "at": middle},
        "`diff`": {"op": "diff", "a": str(last // 3), "b": str(last * 2 // 3)},
    }


def main() -> int:
    """Print a table: each question, both builds, the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="a checkout of the other build")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--most", type=int, default=10, help="events of the largest change set")
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    builds = [ROOT, *([options.against.resolve()] if options.against else [])]
    with tempfile.TemporaryDirectory(prefix="audit-volume-") as folder:
        begun = time.perf_counter()
        last = make(Path(folder), options)
        print(
            f"{options.events:,} events in {last:,} change sets, made in {time.perf_counter() - begun:.0f} s"
        )
        rounds = [
            [ask(build, Path(folder), questions(last)) for build in builds] for _ in range(options.repeat)
        ]
    print("| question | this build, s | other build, s | ratio |\n| --- | --- | --- | --- |")
    for name in rounds[0][0]:
        ours, *others = [median(found[name] for found in column) for column in zip(*rounds, strict=True)]
        other = f"{others[0]:.3f} | {ours / others[0]:.3f}" if others else " | "
        print(f"| {name} | {ours:.3f} | {other} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
