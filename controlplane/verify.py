"""Verifies the log by replay: every change set is where it says, unchanged, and folds.

The log is walked from its start with a fresh handle, so that every object is read from disk and hashed.
Nothing here raises for damage; each fault is a Finding that says where. What `main` and `rendered` should
be at a position is compared by functions that the caller passes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from controlplane.errors import Corrupt, MailserverError
from controlplane.event_log import BLOBS, BRANCH, EVENTS, HEADER, EventLog, trailers
from controlplane.events import ChangeSet
from controlplane.git import CommitInfo, StateRepo
from controlplane.model import Draft, State


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: its position (0: unknown), the log's commit there, and what is wrong.

    The message names the object where one is damaged.
    """

    position: int
    commit: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition at some positions: `compare` returns a message per violation."""

    at: Callable[[ChangeSet], bool]
    compare: Callable[[ChangeSet, State], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One verified position; `findings` is empty if all is well."""

    position: int
    total: int
    findings: tuple[Finding, ...]
    events: int = 0
    """Events that were read at this position."""


def verify(
    repo: StateRepo,
    log: EventLog,
    comparisons: Sequence[Comparison] = (),
    anchors: Mapping[int, str] | None = None,
) -> Iterator[Step]:
    """Walk the log from its start, one step per position.

    `log` gives the lock and the branch; `anchors` says which commit is known to stand at a position
    (the releases name them), so that a log that was rewritten as a whole is found too.
    """
    fresh = repo.fresh()
    walk = _Walk(fresh, log.on(fresh), comparisons, anchors or {})
    yield from walk.steps()


class _Walk:
    def __init__(
        self, repo: StateRepo, log: EventLog, comparisons: Sequence[Comparison], anchors: Mapping[int, str]
    ) -> None:
        self._repo, self._log = repo, log
        self._comparisons, self._anchors = comparisons, anchors
        self._draft: Draft | None = Draft(State())
        self._events = 0
        self._pack_faults = repo.pack_faults()

    def steps(self) -> Iterator[Step]:
        try:
            tip = self._repo.refs.get(BRANCH)
        except Corrupt as error:
            yield Step(0, 0, (Finding(0, "", str(error)),))
            return
        if "" in self._pack_faults:
            yield Step(0, 0, (Finding(0, "", self._pack_faults[""]),))
        ids, broken = self._chain(tip)
        first = 1
        if broken:
            commit, message = broken
            position = self._broken_position(ids, commit)
            first = position + 1
            self._draft = None  # without its start the rest cannot be folded
            yield Step(position, position + len(ids), (Finding(position, commit, message),))
        total = first + len(ids) - 1
        for position, raw in enumerate(reversed(ids), first):
            findings = tuple(self._check(position, raw.hex()))
            yield Step(position, total, findings, self._events)
        missing = {p for p in self._anchors if p > total}
        if missing:
            text = f"a release was made from position {max(missing)}, the log ends at {total}"
            yield Step(total, total, (Finding(total, tip, text),))

    def _chain(self, tip: str) -> tuple[list[bytes], tuple[str, str] | None]:
        """Ids from the tip back, and the commit at which that stopped short, if it did."""
        ids: list[bytes] = []
        child = ""
        while tip:
            try:
                self._sound(tip)
                info = self._repo.commit_info(tip, f"the parent of {child}" if child else "the tip of events")
            except Corrupt as error:
                return ids, (tip, f"{error}; nothing older can be reached")
            ids.append(bytes.fromhex(tip))
            child, tip = tip, info.parent
        return ids, None

    def _broken_position(self, ids: list[bytes], broken: str) -> int:
        """The position of the commit at which the walk stopped; 0 if unknown.

        The newer headers say it, else the branch's own record of its moves, which grew with the log.
        """
        for above, raw in enumerate(reversed(ids), 1):
            try:
                return self._log.header(raw.hex()).position - above
            except Corrupt:
                continue
        moves = enumerate(self._repo.moves(BRANCH), 1)
        return next((position for position, commit in moves if commit == broken), 0)

    def _check(self, position: int, commit: str) -> Iterator[Finding]:
        self._events = 0
        for message in self._faults(position, commit):
            yield Finding(position, commit, message)

    def _faults(self, position: int, commit: str) -> Iterator[str]:
        if self._anchors.get(position, commit) != commit:
            known = self._anchors[position]
            yield f"a release was made from commit {known} at this position: the history was rewritten"
        try:
            info = self._repo.commit_info(commit)
            yield from self._shape(info)
            change = self._log.read_commit(commit)
            self._events = len(change.events)
        except MailserverError as error:
            self._draft = None
            yield f"{error}; later positions were not folded"
            return
        yield from self._header(position, change, info)
        yield from self._fold(change)

    def _shape(self, info: CommitInfo) -> Iterator[str]:
        where = f"log commit {info.id}"
        self._sound(info.tree)
        entries = self._repo.entries(info.tree, where)
        for entry in entries.values():
            self._sound(entry.id)
        blobs = self._repo.entries(entries[BLOBS].id, where) if BLOBS in entries else {}
        for name in sorted(entries.keys() - {HEADER, EVENTS, BLOBS}):
            yield f"{name} does not belong in a change set"
        if len(info.parents) > 1:
            yield "the commit is a merge; the log has one line of parents"
        for name, entry in blobs.items():
            self._sound(entry.id)
            self._repo.blob(entry.id, f"{BLOBS}/{name} in {where}")
            if name != entry.id:
                yield f"{BLOBS}/{name} is object {entry.id}"

    def _sound(self, oid: str) -> None:
        """Raise Corrupt for an object in a damaged part of a pack before libgit2 reads it."""
        if oid in self._pack_faults:
            raise Corrupt(self._pack_faults[oid])

    def _header(self, position: int, change: ChangeSet, info: CommitInfo) -> Iterator[str]:
        if change.position != position:
            yield f"{HEADER} says position {change.position}"
        said = info.trailers
        for key, value in trailers(change).items():
            if said.get(key, "") != " ".join(value.split()):
                yield f"{HEADER} and the commit message disagree on {key}"
        if int(change.time.timestamp()) != int(info.time.timestamp()):
            yield f"{HEADER} and the commit disagree on the time"

    def _fold(self, change: ChangeSet) -> Iterator[str]:
        if self._draft is None:
            return
        try:
            for event in change.events:
                event.apply(self._draft)
        except (MailserverError, KeyError) as error:
            self._draft = None
            yield f"{error}; later positions were not folded"
            return
        due = [comparison for comparison in self._comparisons if comparison.at(change)]
        if due:
            state = self._draft.freeze()
            self._draft = Draft(state)  # a frozen draft shares its mappings with the state
            for comparison in due:
                yield from self._compare(comparison, change, state)

    def _compare(self, comparison: Comparison, change: ChangeSet, state: State) -> Iterator[str]:
        try:
            yield from comparison.compare(change, state)
        except MailserverError as error:
            yield str(error)
