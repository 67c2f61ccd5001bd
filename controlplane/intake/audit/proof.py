"""Checks a state repository: its log replays, its branches agree with it, every object is readable.

Needs no server and writes nothing, so that it answers on a volume that no server could start on. Whatever
is damaged becomes a line of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import controlplane
from controlplane import verify
from controlplane.errors import Corrupt, MailserverError
from controlplane.event_log import BRANCH as EVENTS
from controlplane.event_log import EventLog
from controlplane.events import ChangeSet
from controlplane.git import TREE, StateRepo, object_id
from controlplane.intake.proposal import render
from controlplane.intake.trees import MainReader, node_files, tree_id
from controlplane.lock import WriterLock
from controlplane.model import State
from controlplane.protocol.questions import Verified
from controlplane.release import BRANCH as RENDERED
from controlplane.release import Release, Releases
from controlplane.statefiles.tree import SUBMODULE, read_tree

MAIN = "main"
MOST = 100
"""The most damaged objects to name; a disk that lost a folder of objects has thousands."""


@dataclass
class Proof:
    """What was read and what is wrong; no findings are the proof."""

    findings: list[str] = field(default_factory=list)
    positions: int = 0
    events: int = 0
    blobs: int = 0
    """Different blobs of `rendered` that were read and hashed, of all releases."""
    seconds: float = 0.0

    def as_dict(self) -> Verified:
        """As `verify` answers (docs/reference/control-protocol.md)."""
        return {
            "ok": not self.findings,
            "positions": self.positions,
            "events": self.events,
            "blobs": self.blobs,
            "seconds": round(self.seconds, 3),
            "findings": self.findings,
        }


def prove(repo: StateRepo, log: EventLog) -> Proof:
    """Read everything that the newest states need, through a fresh handle; never raises for damage."""
    begun, proof = time.monotonic(), Proof()
    fresh = repo.fresh()
    tips = {name: _tip(fresh, name, proof) for name in (EVENTS, MAIN, RENDERED)}
    objects = _Objects(fresh)
    anchors = _read_releases(fresh, objects, tips[RENDERED], proof)
    _read_main(objects, tips[MAIN], proof)
    ends = _Ends(fresh, tips[MAIN], tips[RENDERED])
    check = verify.Comparison(at=lambda change: change.commit == tips[EVENTS], compare=ends.compare)
    if tips[EVENTS]:
        for step in verify.verify(fresh, log, [check], anchors):
            proof.positions, proof.events = step.position, proof.events + step.events
            proof.findings += [
                f"change set {f.position} ({f.commit[:12]}): {f.message}" for f in step.findings
            ]
    proof.seconds = time.monotonic() - begun
    return proof


def prove_folder(path: Path) -> Proof:
    """Like `prove`, for the repository at a path; one that git cannot open is a finding."""
    try:
        repo = StateRepo(path)
    except MailserverError as error:
        cure = "the next start of a server puts back what can be"
        return Proof([f"repository: {error}: HEAD, config, refs or objects are lost or damaged; {cure}"])
    return prove(repo, EventLog(repo, WriterLock(path / "verify.lock")))


def _tip(repo: StateRepo, name: str, proof: Proof) -> str:
    """The commit of a branch; empty, with a finding, if none can be read."""
    try:
        if commit := repo.refs.get(name):
            return commit
    except Corrupt as error:
        proof.findings.append(f"{name}: {error}")
        return ""
    told = repo.last_move(name)
    was = f"; its reflog ends at commit {told[:12]}" if told else ""
    proof.findings.append(f"{name}: refs/heads/{name} is not there{was}")
    return ""


class _Objects:
    """Reads each object once, and keeps damaged packs away from libgit2."""

    def __init__(self, repo: StateRepo) -> None:
        self._repo = repo
        self._faults = repo.pack_faults()
        self._seen: set[bytes] = set()
        self.blobs = 0

    def commit(self, oid: str, belongs: str) -> Release:
        """A commit of `rendered`; raises Corrupt."""
        self._must_be_sound(oid)
        self._repo.commit_info(oid, belongs)
        return Releases(self._repo).read(oid)

    def tree_of(self, commit: str) -> str:
        """The tree of a commit; raises Corrupt."""
        self._must_be_sound(commit)
        return self._repo.commit_info(commit, "the newest commit").tree

    def faults(self, tree: str, path: str, where: str) -> Iterator[str]:
        """Faults below a tree, in what was not read before."""
        if self._was_read(tree):
            return
        try:
            self._must_be_sound(tree)
            entries = self._repo.entries(tree, f"{path or 'the tree'} in {where}")
        except (MailserverError, OSError) as error:
            yield str(error)
            return
        for name, entry in entries.items():
            below = f"{path}/{name}" if path else name
            if entry.mode == TREE:
                yield from self.faults(entry.id, below, where)
            elif entry.mode != SUBMODULE and not self._was_read(entry.id):
                yield from self._fault_of_blob(entry.id, f"{below} in {where}")

    def _fault_of_blob(self, oid: str, belongs: str) -> Iterator[str]:
        try:
            self._must_be_sound(oid)
            content = self._repo.blob(oid, belongs)
        except (MailserverError, OSError) as error:
            yield str(error)
            return
        self.blobs += 1
        if object_id("blob", content) != oid:
            yield f"object {oid} (blob of {belongs}) does not match its id"

    def _must_be_sound(self, oid: str) -> None:
        if oid in self._faults:
            raise Corrupt(self._faults[oid])

    def _was_read(self, oid: str) -> bool:
        raw = bytes.fromhex(oid)
        if raw in self._seen:
            return True
        self._seen.add(raw)
        return False


def _read_releases(repo: StateRepo, objects: _Objects, tip: str, proof: Proof) -> dict[int, str]:
    """Read every release; the log commits that they name, by position."""
    anchors: dict[int, str] = {}
    found: list[str] = []
    child = "the tip of rendered"
    while tip:
        try:
            release = objects.commit(tip, child)
            before = repo.commit_info(tip).parent
        except (MailserverError, OSError) as error:
            found.append(f"rendered: {error}; no older release can be reached")
            break
        anchors[release.basis.log_position] = release.basis.log_commit
        where = f"release {release.number}"
        found += [f"rendered: {fault}" for fault in objects.faults(release.tree, "", where)]
        child, tip = f"the release before {release.number}", before
    proof.blobs = objects.blobs
    _tell(found, proof)
    return anchors


def _read_main(objects: _Objects, tip: str, proof: Proof) -> None:
    try:
        tree = objects.tree_of(tip) if tip else ""
    except (MailserverError, OSError) as error:
        proof.findings.append(f"main: {error}")
        return
    if tree:
        _tell([f"main: {fault}" for fault in objects.faults(tree, "", f"commit {tip[:12]}")], proof)


def _tell(found: list[str], proof: Proof) -> None:
    proof.findings += found[:MOST]
    if len(found) > MOST:
        proof.findings.append(
            f"{found[0].partition(':')[0]}: {len(found) - MOST:,} more objects cannot be read"
        )


class _Ends:
    """Compares the end of the log with the tips of `main` and `rendered`."""

    def __init__(self, repo: StateRepo, main: str, rendered: str) -> None:
        self._repo, self._main, self._rendered = repo, main, rendered

    def compare(self, change: ChangeSet, state: State) -> Iterable[str]:
        """One line per disagreement; raises what prevents the comparison."""
        del change
        if self._main:
            yield from self._compare_main(state)
        trees = render(state)[0]
        if trees is None or not self._rendered:
            return
        newest = Releases(self._repo).read(self._rendered)
        if newest.basis.renderer != controlplane.__version__:
            return  # another version rendered it, and would have to be asked
        if tree_id(node_files(trees)) != newest.tree:
            yield f"release {newest.number} is not what the log renders to"

    def _compare_main(self, state: State) -> Iterable[str]:
        try:
            desired, problems = read_tree(MainReader().read(self._repo, self._main))
        except MailserverError:
            return  # what cannot be read was named already
        if problems:
            yield f"main cannot be read: {problems[0].path}:{problems[0].line}: {problems[0].message}"
        elif desired != state.desired:
            yield "main says something else than the log"
