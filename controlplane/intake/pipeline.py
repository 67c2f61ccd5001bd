"""The only way in: every change becomes a change set here, wherever it came from.

The order of a change: `main` moves (git does it for a push, we by compare-and-swap for a command), the
change set is appended to `events`, a release is committed to `rendered`. A crash
between two steps is healed by `catch_up` at the next start, which is the same code that a push takes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

import controlplane
from controlplane.errors import Conflict, Corrupt, MailserverError, Problem, Refused
from controlplane.event_log import BRANCH as EVENTS
from controlplane.events import ChangeSet, Event, StoreRepaired
from controlplane.fold import fold
from controlplane.git import STALE_AFTER, Change, StateRepo, full_name
from controlplane.intake import main_branch
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.main_branch import MAIN
from controlplane.intake.plan import Plan
from controlplane.intake.proposal import Known, Proposal, propose_events, propose_files, render
from controlplane.intake.reservations import Reservations
from controlplane.intake.sealer import Sealer
from controlplane.intake.stores import OURS, Stores
from controlplane.intake.trees import Files, MainReader, manifests, node_files, with_changes
from controlplane.release import BRANCH as RENDERED
from controlplane.release import Basis, Release
from controlplane.states import snapshot
from renderers.release import NodeTrees

OURSELVES = "git-mailserver"
"""The actor of changes that the server makes by itself."""
REMEMBERED = 100
"""The most commits whose result is remembered for the push that asks."""
TRIES = 5
"""The least number of attempts of an edit while git moves `main` or holds its lock."""
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.5
"""Seconds between two attempts, doubled each time."""
PAUSE_FOR_LOCKS = 0.02

Make = Callable[[Files], Mapping[str, Change]]
"""Computes from the files of `main` which to write; raises Refused."""
Check = Callable[[Proposal], tuple[Problem, ...]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of a change: its position (0: nothing had to be changed), release and plan."""

    position: int
    release: int
    commit: str
    plan: Plan


class Intake:
    """The current state, and the only code that changes it. Safe to use from several threads."""

    def __init__(
        self,
        stores: Stores,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        known: snapshot.Snapshot | None = None,
        halted: Problem | None = None,
    ) -> None:
        """`known` is the state at the end of the log, if the caller folded it already."""
        self.stores = stores
        self.halted = halted
        """Why nothing can be changed: the log is damaged. Questions are answered from its readable part."""
        self.repairs: list[tuple[str, str]] = []
        """Parts of the stores that were lost or damaged since the start, and how each was restored."""
        self.changed = threading.Condition()
        """Notified whenever something is recorded."""
        self.trouble: tuple[Problem, ...] = ()
        """Why the current `main` cannot be taken over, which happens only if somebody bypassed the hooks."""
        self.recent: dict[str, Recorded] = {}
        """The results of the last commits of `main`."""
        self.reservations = Reservations()
        """Accepted pushes whose references git is about to move."""
        self.sealer = Sealer(stores.control)
        self.first: Callable[[Proposal], Proposal] = lambda proposal: proposal
        """May put something before what is about to be appended."""
        self._kept: tuple[str, int, Proposal] | None = None
        """The last accepted push: its commit, the position that it was proposed at, and the proposal."""
        self._owed = False
        """Whether a release is still to be written, after a failure such as a full disk."""
        self._clock = clock
        self._reader = MainReader()
        self._known = Known()
        known = known or stores.checkpoints.current(stores.log, stores.snapshot)
        self.state, self.position = known.state, known.position
        tip = stores.log.tip()
        self.main, self._seen = tip.main_commit, tip.commit
        self.release: Release | None = self._newest_release()
        self.trees: NodeTrees | None = render(self.state)[0] if self.position else None

    @contextmanager
    def writing(self, why: str) -> Iterator[None]:
        """Hold the right to write: what is read inside stays true until the end."""
        with self.stores.lock.hold(why):
            self.look_after_branches()
            if self.stores.log.tip().position != self.position:
                self._reload()
            yield

    def look_after_branches(self) -> None:
        """Restore a reference that was lost while we run: a missing one is never taken for a new one."""
        if self.halted is not None:
            return
        repo, release = self.stores.repo, self.release.commit if self.release else ""
        known = ((EVENTS, self._seen), (MAIN, self.main), (RENDERED, release))
        with self.stores.lock.hold("looking after the branches"):
            before = len(self.repairs)
            for path in repo.refs.free_reflogs(name for name, _ in known):
                self.repairs.append(("reflogs", f"{path} of state.git was in the way, and was put aside"))
            lost = [(name, commit) for name, commit in known if commit and repo.refs.is_lost(name)]
            if not lost and self.stores.log.tip().position < self.position:
                lost = [known[0]]  # an older value was left in packed-refs
            for name, commit in lost:
                told = repo.last_move(name)
                back = told if told and repo.is_sound(told, "commit") else commit
                repo.refs.put_back(name, back, "put back")
                self.repairs.append((name, f"refs/heads/{name} was lost: put back at commit {back[:12]}"))
            if len(self.repairs) > before:
                events = [StoreRepaired(part=part, how=how) for part, how in self.repairs[before:]]
                self.record(events, Cause(OURSELVES, "heal", "Put back what was lost"), renders=False)

    def _newest_release(self) -> Release | None:
        try:
            return self.stores.releases.newest()
        except Corrupt:
            if self.halted is None:
                raise
            return None

    def must_take_changes(self) -> None:
        """Raise Refused if nothing can be changed now."""
        if self.halted is not None:
            raise Refused([self.halted])

    def propose(
        self, commit: str, repo: StateRepo | None = None, guard: bool = True, first: Iterable[Event] = ()
    ) -> Proposal:
        """What would change if `main` were this commit; `repo` is a handle that sees the commit."""
        files = self._reader.read(repo or self.stores.repo, commit)
        return self.propose_files(files, guard, first)

    def keep(self, commit: str, position: int, proposal: Proposal) -> None:
        """Remember what was proposed at a position, for when git has moved `main` to this commit."""
        self._kept = (commit, position, proposal)

    def propose_files(self, files: Files, guard: bool = True, first: Iterable[Event] = ()) -> Proposal:
        """What would change if these were the files of `main`."""
        return propose_files(
            self.state, self.trees, files, known=self._known, guard=guard, first=first, sealer=self.sealer
        )

    def catch_up(self) -> list[Recorded]:
        """Record what `main` has and the log lacks, after a push and after a crash."""
        self.must_take_changes()
        with self.writing("taking over main"):
            done = []
            for commit in main_branch.unrecorded(self.stores, self.main):
                # A commit that cannot be taken over is skipped: later ones contain its changes.
                recorded = self._take_over(commit)
                if recorded is not None:
                    done.append(recorded)
            if self._owed:
                self._write_release()
            return done

    def edit(
        self,
        make: Make,
        cause: Cause,
        guard: bool = False,
        check: Check = lambda _: (),
        mends: bool = False,
    ) -> Recorded:
        """Change files of `main` and record the change; raises Refused, with nothing changed.

        `check` looks at a sound proposal once more, and tells problems that it finds. `mends` stands for an
        edit that replaces whatever keeps `main` from being read or taken over.
        """
        with self.writing(f"{cause.source} by {cause.actor}"):
            end = time.monotonic() + STALE_AFTER + 1
            for attempt in count():
                self._let_pushes_pass()
                self.catch_up()
                if self.trouble and not mends:
                    raise Refused(self.trouble)
                done = self._edit(make, cause, guard, check, mends)
                if done is not None:
                    return done
                if attempt >= TRIES and time.monotonic() > end:
                    break
                time.sleep(min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))
            raise Conflict(main_branch.obstacle(self.stores.repo))

    def record(self, events: Iterable[Event], cause: Cause, renders: bool = True) -> Recorded:
        """Append events that do not come from `main`: reports of the node and of the environment."""
        self.must_take_changes()
        with self.writing(f"{cause.source} by {cause.actor}"):
            changes = tuple(events)
            if not renders:
                proposal = Proposal(fold(self.state, changes), self.trees, Plan(events=changes))
                return self._append(proposal, cause, self.main)
            proposal = propose_events(self.state, self.trees, changes)
            if proposal.trees is None:
                # An observation is recorded even if the state cannot be rendered: the previous release stays.
                proposal = Proposal(proposal.state, self.trees, proposal.plan)
            return self._append(proposal, cause, self.main)

    def ensure_release(self) -> None:
        """Make `rendered` agree with the log if a crash came between the two."""
        self.must_take_changes()
        with self.writing("rendering"):
            if self.trees is not None and self.position:
                self._owed = True  # also where there is no room for it now
                self._write_release()

    def save(self) -> None:
        """Keep a snapshot of the state, so that the next start need not replay the log."""
        if self.halted is not None:
            return  # what there is was read from it, or is less
        with self.writing("saving a snapshot"):
            tip = self.stores.log.tip()
            known = snapshot.Snapshot(tip.position, tip.commit, self.state)
        snapshot.write(self.stores.snapshot, known)

    def _edit(self, make: Make, cause: Cause, guard: bool, check: Check, mends: bool) -> Recorded | None:
        """One attempt; None if `main` moved meanwhile."""
        repo, main = self.stores.repo, self.stores.repo.refs.get(MAIN)
        before, base = self._present(main, mends)
        wanted = make(before)
        files = with_changes(repo, before, wanted)
        if all(files.get(path) == before.get(path) for path in wanted):
            return Recorded(0, self.release_number, main, Plan())
        # A refused edit must not leave even an object behind, for it may hold a secret.
        with repo.written_ahead(wanted) as ahead:
            proposal = self.propose_files(files, guard).must_be_sound()
            if problems := check(proposal):
                raise Refused(problems)
            if proposal.trees is not None:
                self.stores.releases.begin(node_files(proposal.trees))
            new = repo.write_tree(base, ahead.named())
        entries = repo.tree_files(new)
        for path in wanted.keys() & entries.keys():
            self._reader.learn(entries[path], files[path])
        self._reader.read_entries(repo, entries)
        commit = main_branch.write_commit(repo, new, main, proposal.events, cause, self._clock())
        self.stores.accepted.remember(commit, cause)
        try:
            repo.refs.swap(MAIN, main, commit)
        except MailserverError as error:
            self.stores.accepted.forget(commit)
            if not isinstance(error, Conflict):
                raise
            if repo.refs.get(MAIN) == main:
                repo.recover_locks()  # nobody moved it: a killed git may have left its lock
            return None
        return self._finish(proposal, cause, commit)

    def _let_pushes_pass(self) -> None:
        """Wait for an accepted push that git is about to carry out, which would fail otherwise."""
        refs = self.stores.repo.refs
        main = refs.get(MAIN)
        self.reservations.let_pass(full_name(MAIN), lambda: refs.get(MAIN) == main)

    def clear_locks(self) -> None:
        """Clear the way for git: remove locks of dead processes, wait for those of living ones.

        Raises Conflict, with what is in the way, after the time that makes a lock stale.
        """
        end = time.monotonic() + STALE_AFTER + 1
        while any(self.stores.repo.refs.locks()):
            with self.writing("clearing locks"):
                if not self.stores.repo.recover_locks() and time.monotonic() > end:
                    raise Conflict(main_branch.obstacle(self.stores.repo))
            time.sleep(PAUSE_FOR_LOCKS)

    def _present(self, main: str, mends: bool) -> tuple[Files, str]:
        """The files of `main` and its tree; nothing if they are unreadable, as all are written anew then."""
        repo = self.stores.repo
        try:
            return self._reader.read(repo, main), repo.commit_info(main).tree if main else ""
        except Corrupt:
            if not mends:
                raise
            return {}, ""

    def _take_over(self, commit: str) -> Recorded | None:
        info = self.stores.repo.commit_info(commit)
        cause = self.stores.accepted.cause_of(commit) or Cause(info.author.name, "heal", info.message.strip())
        try:
            proposal = self._proposal_of(commit)
        except Refused as refused:
            self.trouble = refused.problems
            return None
        return self._finish(proposal, cause, commit)

    def _proposal_of(self, commit: str) -> Proposal:
        """What was proposed when this push was accepted, if nothing happened since; else what is now."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[:2] == (commit, self.position):
            return kept[2]
        return self.propose(commit, guard=False).must_be_sound()

    def _finish(self, proposal: Proposal, cause: Cause, commit: str) -> Recorded:
        if proposal.events:
            done = self._append(proposal, cause, commit)
        else:
            done = Recorded(0, self.release_number, commit, proposal.plan)
            self.main = commit
            self._tell()
        self.trouble = ()
        self._known.accept(proposal)
        self._remember(done)
        self.stores.accepted.forget(commit)
        return done

    def _remember(self, done: Recorded) -> None:
        """Remember a change without its plan, whose events may hold each account of a first import again."""
        self.recent[done.commit] = replace(done, plan=Plan())
        for old in list(self.recent)[:-REMEMBERED]:
            del self.recent[old]

    def _append(self, proposal: Proposal, cause: Cause, main: str) -> Recorded:
        if not proposal.events:
            return Recorded(0, self.release_number, main, proposal.plan)
        proposal = self.first(proposal)
        if self._owed:
            self._write_release()  # of the log as it is: the position of a release says what it brought
        change = self.stores.log.append(
            ChangeSet(
                position=self.position + 1,
                actor=cause.actor,
                source=cause.source,
                time=self._clock(),
                reason=cause.reason,
                events=proposal.events,
                main_commit=main,
                author=cause.author,
            )
        )
        self._kept = None
        before, self.trees = self.trees, proposal.trees
        if main != self.main:  # whatever fails from here on, this is what became of that commit
            self._remember(Recorded(change.position, self.release_number, main, Plan()))
        # Only after the append: `catch_up` must find again what failed to be recorded.
        self.state, self.position, self.main = proposal.state, change.position, main
        self._seen = change.commit
        if self.trees is not None and (
            before is None or manifests(before) != manifests(self.trees) or proposal.plan.files
        ):
            self._owed = True
        if self._owed:
            self._write_release()
        self._tell()
        return Recorded(change.position, self.release_number, main, proposal.plan)

    def _write_release(self) -> None:
        assert self.trees is not None  # noqa: S101  # the callers looked
        tip = self.stores.log.tip()
        basis = Basis(tip.position, tip.commit, self.main, controlplane.__version__)
        nodes = node_files(self.trees)
        try:
            self.release = self.stores.releases.write(nodes, basis, tip.time)
        except Conflict:
            # We hold the writer's lock, so a killed writer must have left this branch's lock.
            if not self.stores.repo.recover_locks(ours=OURS):
                raise
            self.release = self.stores.releases.write(nodes, basis, tip.time)
        self._owed = False

    @property
    def release_number(self) -> int:
        """The number of the newest release, 0 before the first."""
        return self.release.number if self.release else 0

    def _reload(self) -> None:
        """Read the stores again after another process (a one-off command) wrote to them."""
        known = snapshot.Snapshot(self.position, "", self.state)
        changes = self.stores.log.iterate(known.position + 1)
        self.state = fold(self.state, (event for change in changes for event in change.events))
        tip = self.stores.log.tip()
        self.position, self.main, self._seen = tip.position, tip.main_commit, tip.commit
        self.trees, self.release = render(self.state)[0], self.stores.releases.newest()

    def _tell(self) -> None:
        with self.changed:
            self.changed.notify_all()
