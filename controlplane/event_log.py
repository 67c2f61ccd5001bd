"""The event log: branch `events`, one commit per change set, whose tree holds that change set alone.

    change-set.json   position, actor, source, time, reason, main_commit, author
    events.jsonl      one event a line (controlplane.events.codec)
    blobs/<id>        contents that events refer to, verbatim

The position is the number of the change set, from 1; the first one is the root commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from controlplane.errors import Conflict, Corrupt, NotFound
from controlplane.events import ChangeSet, Event
from controlplane.git import NewFile, Person, StateRepo, TreeEntry, format_message
from controlplane.lock import WriterLock
from controlplane.log_format import (
    Header,
    decode_events,
    decode_header,
    encode_events,
    encode_header,
)
from controlplane.timestamps import milliseconds

BRANCH = "events"
HEADER, EVENTS, BLOBS = "change-set.json", "events.jsonl", "blobs"
FAR = 2_000
"""Change sets below the tip from which on a walk to one is worth looking for a shorter way."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest change set: its commit (empty for an empty log) and what its header says."""

    commit: str
    position: int
    time: datetime
    main_commit: str


@dataclass(frozen=True, slots=True)
class Step:
    """A change set as a fold needs it; `seconds` is its time in seconds since 1970."""

    position: int
    commit: str
    seconds: int
    events: tuple[Event, ...]


class Mark(Protocol):
    """What is recorded about one position of the log."""

    @property
    def position(self) -> int:
        """The position."""

    @property
    def latest(self) -> int:
        """The latest time among the change sets up to this one, in seconds since 1970."""

    @property
    def decided(self) -> tuple[int, ...]:
        """Change sets that determine what serves: the newest applied release, the newest failure since."""


class Marks(Protocol):
    """Maps some positions of the log to their commits."""

    def before(self, log: EventLog, position: int) -> Mark | None:
        """The newest known mark before a position."""

    def above(self, log: EventLog, position: int) -> tuple[int, str] | None:
        """A known position at or after this one, and its commit; None if none is known."""

    def spans(self, log: EventLog, time: datetime) -> Iterator[tuple[int, int, str]]:
        """Ranges of positions that may hold change sets of that time or earlier, newest first.

        Each as its first and its last position, and the commit of that.
        """


class Copy(Protocol):
    """Keeps a second copy of change sets."""

    def keep(self, repo: StateRepo, commit: str) -> None:
        """Copy the change set of a commit; never raises."""


EMPTY = Tip("", 0, datetime.fromtimestamp(0, UTC), "")


class EventLog:
    """The change sets of one state repo, appended in order and never rewritten.

    `lock` is the writer's: hold it over reading the tip and appending to make both one step.
    """

    def __init__(self, repo: StateRepo, lock: WriterLock) -> None:
        self._repo = repo
        self.lock = lock
        self._tip = EMPTY
        self.held: str | None = None
        """The commit that the log is read up to, where the rest cannot be read."""
        self.appended = 0
        """How many events this process appended."""
        self.copy: Copy | None = None
        """Gets every change set that is appended."""
        self.marks: Marks | None = None
        """Spares the walk from the tip to an old position."""

    def hold_at(self, commit: str) -> None:
        """Read the log as if it ended here, since the rest cannot be read; refuse to append from now on."""
        self.held = commit

    def on(self, repo: StateRepo) -> EventLog:
        """The same log, read through another handle."""
        other = EventLog(repo, self.lock)
        other.held = self.held
        return other

    def tip(self) -> Tip:
        """The newest change set, as it is now."""
        commit = self._repo.refs.get(BRANCH) if self.held is None else self.held
        known = self._tip
        if commit != known.commit:
            known = EMPTY if not commit else _tip(commit, self.header(commit))
            self._tip = known
        return known

    def append(self, change: ChangeSet) -> ChangeSet:
        """Append a change set after the tip; returns it with its commit, durably written.

        Its time is that of the clock, to the millisecond, also where the clock was set back since the tip:
        the order is that of the positions (controlplane/readmodel/clock.py).
        Raises Conflict, with nothing appended, unless its position is the one behind the tip.
        """
        if self.held is not None:
            raise Corrupt(
                f"the log cannot be read behind position {self.tip().position}: nothing is appended"
            )
        with self.lock.hold(f"appending change set {change.position}"):
            tip = self.tip()
            if change.position != tip.position + 1:
                raise Conflict(f"the log is at {tip.position}: {change.position} cannot be appended")
            change = replace(change, time=milliseconds(change.time))
            commit = self._store(change, tip.commit)
            try:
                self._repo.refs.swap(BRANCH, tip.commit, commit)
            except Conflict:
                # We hold the writer's lock, so a killed writer must have left this branch's lock.
                if not self._repo.recover_locks(ours=(BRANCH,)):
                    raise
                self._repo.refs.swap(BRANCH, tip.commit, commit)
            self._tip = Tip(commit, change.position, change.time, change.main_commit)
            self.appended += len(change.events)
            if self.copy is not None:
                self.copy.keep(self._repo, commit)
        return replace(change, commit=commit)

    def read(self, position: int) -> ChangeSet:
        """The change set at a position; raises NotFound. Costs one step per newer change set."""
        return self.read_commit(self.commit_at(position))

    def read_commit(self, commit: str) -> ChangeSet:
        """The change set that a commit of the log holds; raises Corrupt naming the damaged object."""
        return self._read(commit, self._repo.commit_info(commit, "the log").tree)

    def iterate(self, start: int = 1, tip: Tip | None = None) -> Iterator[ChangeSet]:
        """Change sets from position `start` to the tip, oldest first."""
        tip = tip or self.tip()
        for link in reversed(self._repo.links(tip.commit, limit=max(0, tip.position - start + 1))):
            yield self._read(link[:20].hex(), link[20:40].hex())

    def ends(self, start: int, tip: Tip, most: int) -> Iterator[tuple[ChangeSet, int]]:
        """Change sets from position `start` to the tip, oldest first, of each the last `most` events alone.

        With each comes how many of its events were left out.
        """
        for link in reversed(self._repo.links(tip.commit, limit=max(0, tip.position - start + 1))):
            yield self._end(link[:20].hex(), link[20:40].hex(), most)

    def outweighs(self, most: int, after: int) -> bool:
        """Whether the change sets after a position hold more bytes of events; none of them is unpacked."""
        tip, weight = self.tip(), 0
        for link in self._repo.links(tip.commit, limit=max(0, tip.position - after)):
            events = self._repo.entries(link[20:40].hex(), f"log commit {link[:20].hex()}").get(EVENTS)
            weight += self._repo.blob_size(events.id) if events else 0
            if weight > most:
                return True
        return False

    def steps(self, start: int = 1, tip: Tip | None = None) -> Iterator[Step]:
        """Change sets from position `start` to the tip without their headers: fewer objects to read."""
        tip = tip or self.tip()
        links = reversed(self._repo.links(tip.commit, limit=max(0, tip.position - start + 1)))
        for position, link in enumerate(links, start):
            commit = link[:20].hex()
            files = self._repo.entries(link[20:40].hex(), f"log commit {commit}")
            events = self._events(files, f"change set {position} (commit {commit})")
            yield Step(position, commit, int.from_bytes(link[40:], "big"), events)

    def until(self, start: int, end: int) -> Iterator[Step]:
        """Change sets from one position to another, both included, without their headers."""
        return self.steps(start, Tip(self.commit_at(end), end, EMPTY.time, "")) if start <= end else iter(())

    def events(self, start: int = 1, tip: Tip | None = None) -> Iterator[Event]:
        """The events alone, oldest first."""
        for step in self.steps(start, tip):
            yield from step.events

    def newest_first(self) -> Iterator[ChangeSet]:
        """Change sets from the tip backwards."""
        for info in self._repo.history(self.tip().commit):
            yield self.read_commit(info.id)

    def commit_at(self, position: int) -> str:
        """The log's commit at a position; raises NotFound. Costs a step per position up to the next mark."""
        tip = self.tip()
        if not 1 <= position <= tip.position:
            raise NotFound(f"there is no change set {position}; the log has {tip.position}")
        known: tuple[int, str] | None = None
        if self.marks is not None and tip.position - position > FAR:
            known = self.marks.above(self, position)
        newer, commit = known or (tip.position, tip.commit)
        return self.walk_to(position, newer, commit)

    def walk_to(self, position: int, newer: int, commit: str) -> str:
        """The commit at a position, walking back from a commit at a newer one."""
        return self._repo.chain(commit, limit=newer - position + 1)[-1]

    def position_at(self, time: datetime) -> int:
        """The newest position recorded at that time or earlier; 0 if there is none."""
        tip = self.tip()
        spans = self.marks.spans(self, time) if self.marks is not None else [(1, tip.position, tip.commit)]
        for first, last, commit in spans:
            for older in self._repo.chain(commit, limit=last - first + 1):
                header = self.header(older)
                if header.time <= time:
                    return header.position
        return 0

    def position_of(self, commit: str) -> int:
        """The newest position that belongs to a commit of the log or of `main`; raises NotFound."""
        for info in self._repo.history(self.tip().commit):
            header = self.header(info.id)
            if commit in (info.id, header.main_commit):
                return header.position
        raise NotFound(f"no change set belongs to commit {commit}")

    def _store(self, change: ChangeSet, parent: str) -> str:
        lines, blobs = encode_events(change.events)
        contents = {HEADER: encode_header(change), EVENTS: lines}
        contents |= {f"{BLOBS}/{name}": content for name, content in blobs.items()}
        tree = self._repo.write_tree("", {path: NewFile(content) for path, content in contents.items()})
        return self._repo.write_commit(
            tree,
            (parent,) if parent else (),
            format_message(change.reason or _summary(change), trailers(change)),
            Person(change.actor),
            change.time,
        )

    def _read(self, commit: str, tree: str) -> ChangeSet:
        return self._end(commit, tree)[0]

    def _end(self, commit: str, tree: str, most: int | None = None) -> tuple[ChangeSet, int]:
        files = self._repo.entries(tree, f"log commit {commit}")
        header = self.header(commit, files)
        where = f"change set {header.position} (commit {commit})"
        content, read_blob = self._contents(files, where)
        skip = 0 if most is None else max(0, content.count(b"\n") - most)
        return header.change_set(decode_events(content, read_blob, where, skip), commit), skip

    def _files(self, commit: str) -> dict[str, TreeEntry]:
        where = f"log commit {commit}"
        return self._repo.entries(self._repo.commit_info(commit, "the log").tree, where)

    def header(self, commit: str, files: dict[str, TreeEntry] | None = None) -> Header:
        """The header of the change set in a commit of the log: everything but its events."""
        entry = (files or self._files(commit)).get(HEADER)
        if entry is None:
            raise Corrupt(f"log commit {commit} has no {HEADER}")
        return decode_header(self._repo.blob(entry.id, f"{HEADER} in log commit {commit}"), commit)

    def _events(self, files: dict[str, TreeEntry], where: str) -> tuple[Event, ...]:
        return decode_events(*self._contents(files, where), where)

    def _contents(self, files: dict[str, TreeEntry], where: str) -> tuple[bytes, Callable[[str], bytes]]:
        """The lines of a change set's events, and what reads the contents that they refer to."""
        if EVENTS not in files:
            raise Corrupt(f"{where} has no {EVENTS}")
        blobs = self._repo.entries(files[BLOBS].id, where) if BLOBS in files else {}

        def read_blob(name: str) -> bytes:
            if name not in blobs:
                raise Corrupt(f"{BLOBS}/{name} is missing")
            return self._repo.blob(blobs[name].id, f"{BLOBS}/{name} of {where}")

        return self._repo.blob(files[EVENTS].id, f"{EVENTS} of {where}"), read_blob


def _tip(commit: str, header: Header) -> Tip:
    return Tip(commit, header.position, header.time, header.main_commit)


def trailers(change: ChangeSet) -> dict[str, str]:
    """The part of the header that the commit message repeats for people who read the branch with git."""
    return {
        "Position": str(change.position),
        "Actor": change.actor,
        "Source": change.source,
        "Main-Commit": change.main_commit,
    }


def _summary(change: ChangeSet) -> str:
    if len(change.events) == 1:
        return f"{change.events[0].kind} {change.events[0].subject}"
    return f"{len(change.events)} events"
