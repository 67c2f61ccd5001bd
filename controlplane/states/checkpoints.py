"""Keeps states along the log, so that a question about the past need not replay it from the start.

    checkpoints/index            one line per checkpoint, oldest first, each with its own checksum
    checkpoints/POSITION.states  a whole state, then the differences from one checkpoint to the next

Never the truth: what is missing, damaged, of another shape or of another log is ignored and folded again. A
whole state is written when the differences since the last one have grown as large as that, so that reading a
state costs at most twice its size, and the folder takes at most twice the size of the log's events.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from controlplane.event_log import EventLog, Step, Tip
from controlplane.events import ReleaseApplied, ReleaseRejected, ReleaseRolledBack
from controlplane.fold import fold
from controlplane.git import write_atomically
from controlplane.model import State
from controlplane.states import differences, snapshot
from controlplane.states.rows import FORMAT, KINDS, SHAPE, folds_no_more_than_we
from controlplane.states.snapshot import Snapshot

POSITIONS, EVENTS = 1_000, 5_000
"""Change sets, or events, from one checkpoint to the next: what a question folds at most, some 50 ms."""

_HEAD = {"format": 1, "states": FORMAT, "shape": SHAPE, "kinds": KINDS}
_SMALLEST = 1 << 16
"""Bytes of differences below which no new whole state is written."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint as the index describes it."""

    position: int
    commit: str
    earliest: int
    """The earliest time, in seconds since 1970, of the change sets since the mark before."""
    latest: int
    """The latest time of all change sets up to here."""
    decided: tuple[int, ...] = ()
    """Change sets that say what serves here: the newest applied release, and the newest failure since."""
    start: int = 0
    """The position that the file with the state is named by."""
    offset: int = 0
    length: int = 0
    sha256: str = ""


_ORIGIN = Mark(0, "", 0, 0)


class Checkpoints:
    """The checkpoints of one log, in a folder. Holds nothing in memory between two questions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._verified = ""
        """The commit of a mark that was found to be in the log: one that is stays there."""

    def marks(self, log: EventLog) -> list[Mark]:
        """The marks that belong to the log as it is, oldest first."""
        tip, found = log.tip(), self._read_index()
        while found and found[-1].position > tip.position:
            found.pop()
        if not found or any(mark.commit == self._verified for mark in found[-2:]):
            return found
        newest = found[-1]
        if log.walk_to(newest.position, tip.position, tip.commit) != newest.commit:
            return []
        self._verified = newest.commit
        return found

    def above(self, log: EventLog, position: int) -> tuple[int, str] | None:
        """Position and commit of the oldest mark at or after a position; None if there is none."""
        marks = self.marks(log)
        at = bisect_left(marks, position, key=lambda mark: mark.position)
        return (marks[at].position, marks[at].commit) if at < len(marks) else None

    def before(self, log: EventLog, position: int) -> Mark | None:
        """The newest mark before a position; the start of the log if that is near, else None."""
        marks = [_ORIGIN, *self.marks(log)]
        mark = marks[bisect_left(marks, position, key=lambda mark: mark.position) - 1]
        return mark if position - mark.position <= 2 * POSITIONS else None

    def spans(self, log: EventLog, time: datetime) -> Iterator[tuple[int, int, str]]:
        """Ranges of positions that may hold change sets of that time or earlier, newest first (see Marks)."""
        marks, tip, seconds = [_ORIGIN, *self.marks(log)], log.tip(), time.timestamp()
        if marks[-1].position < tip.position:
            yield marks[-1].position + 1, tip.position, tip.commit
        for older, mark in reversed(list(pairwise(marks))):
            if mark.earliest <= seconds:
                yield older.position + 1, mark.position, mark.commit

    def state_at(self, log: EventLog, position: int) -> State:
        """The state at a position, from the checkpoint before it; raises NotFound."""
        tip = Tip(log.commit_at(position), position, log.tip().time, "")
        return self.reach(log, self._before(log, position), tip).state

    def newest(self, log: EventLog) -> Snapshot:
        """The newest readable checkpoint; position 0 if there is none."""
        return self._before(log, log.tip().position)

    def current(self, log: EventLog, path: Path) -> Snapshot:
        """The state at the tip, from the snapshot in `path` if it fits the log, else from a checkpoint."""
        known = snapshot.read(path)
        if known is None or not snapshot.fits(known, log):
            known = self.newest(log)
        return self.reach(log, known)

    def reach(self, log: EventLog, known: Snapshot, tip: Tip | None = None) -> Snapshot:
        """The state at the tip, folded from a known one; writes checkpoints on the way if it can."""
        tip = tip or log.tip()
        if known.position == tip.position:
            return known
        with self._writing() as allowed:
            marks = self.marks(log) if allowed else []
            last = marks[-1] if marks else _ORIGIN
            if allowed and last.position == known.position and tip.position - known.position >= POSITIONS:
                known = self._extend(log, known, tip, marks)
        return (
            known
            if known.position == tip.position
            else Snapshot(tip.position, tip.commit, _folded(log, known, tip))
        )

    def catch_up(self, log: EventLog) -> None:
        """Write the checkpoints that are missing up to the tip."""
        marks = self.marks(log)
        behind = log.tip().position - (marks[-1].position if marks else 0)
        if behind >= POSITIONS:
            self.reach(log, self.newest(log))

    def _before(self, log: EventLog, position: int) -> Snapshot:
        marks = self.marks(log)
        marks = marks[: bisect_right(marks, position, key=lambda mark: mark.position)]
        while marks:
            state = self._read_state(marks)
            if state is not None:
                return Snapshot(marks[-1].position, marks[-1].commit, state)
            self._drop_from(marks[-1].start)
            marks = [mark for mark in marks if mark.start < marks[-1].start]
        return Snapshot(0, "", State())

    def _extend(self, log: EventLog, known: Snapshot, tip: Tip, marks: list[Mark]) -> Snapshot:
        """Fold to the tip and write a checkpoint after each batch; returns the last one."""
        writer = _Writer(self.folder, marks)
        for stretch in _stretches(log.steps(known.position + 1, tip)):
            events = [event for step in stretch for event in step.events]
            state, last = fold(known.state, events), stretch[-1]
            reached = Snapshot(last.position, last.commit, state)
            if _is_whole(stretch):
                try:
                    writer.add(known.state, reached, stretch)
                except OSError:
                    return reached  # a full disk: the state is what counts, and it comes from the log
            known = reached
        return known

    def _read_state(self, marks: list[Mark]) -> State | None:
        """The state of the last of these marks; None if its file is damaged."""
        state = State()
        wanted = [mark for mark in marks if mark.start == marks[-1].start]
        try:
            with (self.folder / f"{wanted[-1].start}.states").open("rb") as file:
                for mark in wanted:
                    file.seek(mark.offset)
                    body = file.read(mark.length)
                    if hashlib.sha256(body).hexdigest() != mark.sha256:
                        return None
                    state = differences.apply(state, json.loads(body))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return state

    def _read_index(self) -> list[Mark]:
        """The marks in the index, up to the first damaged line."""
        try:
            first, *lines = (self.folder / "index").read_bytes().split(b"\n")
        except OSError:
            return []
        found: list[Mark] = []
        head = _checked(first)
        if (
            head is None
            or head | {"kinds": KINDS} != _HEAD
            or not folds_no_more_than_we(head.get("kinds", {"": 1}))
        ):
            return found
        with suppress(TypeError, KeyError):
            for line in lines:
                values = _checked(line)
                if values is None:
                    break
                found.append(Mark(**values | {"decided": tuple(values["decided"])}))
        in_order = all(a.position < b.position for a, b in pairwise(found))
        return found if in_order else []

    def _drop_from(self, start: int) -> None:
        """Drop the checkpoints of a damaged file and all later ones: they are made again."""
        with self._writing() as allowed, suppress(OSError):
            if allowed:
                kept = [mark for mark in self._read_index() if mark.start < start]
                write_atomically(self.folder / "index", b"".join(map(_line, (_HEAD, *map(asdict, kept)))))

    @contextmanager
    def _writing(self) -> Iterator[bool]:
        """Yield whether we may write to the folder: one process may at a time, and nobody waits for it."""
        descriptor, allowed = -1, False
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            allowed = True
        try:
            yield allowed
        finally:
            if descriptor >= 0:
                os.close(descriptor)


class _Writer:
    """Appends checkpoints without syncing: those that a power cut takes are made again."""

    def __init__(self, folder: Path, marks: list[Mark]) -> None:
        self._folder = folder
        self._last = marks[-1] if marks else _ORIGIN
        start = self._last.start
        sizes = [mark.length for mark in marks if mark.start == start]
        self._whole, self._since = (sizes[0], sum(sizes[1:])) if sizes else (0, 0)
        write_atomically(folder / "index", b"".join(map(_line, (_HEAD, *map(asdict, marks)))))
        for path in folder.glob("*.states"):
            if path.name not in {f"{mark.start}.states" for mark in marks}:
                path.unlink()

    def add(self, before: State, reached: Snapshot, stretch: list[Step]) -> None:
        """Write the state that a batch of change sets led to; raises OSError."""
        body = _dump(differences.between(before, reached.state))
        start = self._last.start
        if not self._last.position or self._since + len(body) > max(self._whole, _SMALLEST):
            start, body = reached.position, _dump(differences.between(State(), reached.state))
            self._whole, self._since = len(body), 0
        else:
            self._since += len(body)
        times = [step.seconds for step in stretch]
        mark = Mark(
            position=reached.position,
            commit=reached.commit,
            earliest=min(times),
            latest=max(self._last.latest, *times),
            decided=_decided(self._last.decided, stretch),
            start=start,
            length=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
        )
        mark = replace(mark, offset=_append(self._folder / f"{start}.states", body))
        _append(self._folder / "index", _line(asdict(mark)))
        self._last = mark


def _stretches(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Change sets in batches of some thousand events; the last batch may be shorter."""
    stretch: list[Step] = []
    events = 0
    for step in steps:
        stretch.append(step)
        events += len(step.events)
        if len(stretch) >= POSITIONS or events >= EVENTS:
            yield stretch
            stretch, events = [], 0
    if stretch:
        yield stretch


def _is_whole(stretch: list[Step]) -> bool:
    """Whether a batch is full, so that a checkpoint belongs at its end."""
    return len(stretch) >= POSITIONS or sum(len(step.events) for step in stretch) >= EVENTS


def _decided(before: tuple[int, ...], stretch: list[Step]) -> tuple[int, ...]:
    for step in stretch:
        for event in step.events:
            if isinstance(event, ReleaseApplied):
                before = (step.position,)
            elif isinstance(event, ReleaseRejected | ReleaseRolledBack):
                before = (*before[:1], step.position)
    return before


def _folded(log: EventLog, known: Snapshot, tip: Tip) -> State:
    return fold(known.state, log.events(known.position + 1, tip))


def _append(path: Path, content: bytes) -> int:
    """Append to a file, readable by its owner alone; returns the offset."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        at = file.tell()
        file.write(content)
    return at


def _dump(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _line(values: dict[str, Any]) -> bytes:
    body = json.dumps(values, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _checked(line: bytes) -> dict[str, Any] | None:
    """The values of a line of the index; None if its checksum does not match."""
    check, _, body = line.partition(b" ")
    try:
        if int(check, 16) != zlib.crc32(body):
            return None
        values: dict[str, Any] = json.loads(body)
    except ValueError:
        return None
    return values
