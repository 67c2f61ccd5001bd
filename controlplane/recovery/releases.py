"""Restores `rendered`: it is derived, so that a damaged or lost part of it can be rendered again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import controlplane
from controlplane.errors import MailserverError
from controlplane.event_log import Tip
from controlplane.events import (
    ChangeSet,
    DriftDetected,
    DriftHealed,
    EditRefused,
    PatchesRun,
    PathsOvermounted,
    ReleaseApplied,
    ReleaseRejected,
    ReleaseRolledBack,
    RendererRefused,
    StoreRepaired,
)
from controlplane.git import SERVER, commit_content, object_id, tree_objects
from controlplane.intake.proposal import render
from controlplane.intake.stores import Stores
from controlplane.intake.trees import node_files, tree_id
from controlplane.model import Draft, State
from controlplane.recovery.findings import Findings
from controlplane.release import BRANCH, Basis, NodeFiles, Release, each_file, message

NEAR = 50
"""The most change sets after a release, and moves of a branch, to try."""
RENDERED_AGAIN = 100
"""Change sets at the end of the log whose releases are rendered again, some 30 ms each with many accounts."""
OUTCOMES = (ReleaseApplied, ReleaseRejected, ReleaseRolledBack)
_SILENT = (
    *(*OUTCOMES, DriftDetected, DriftHealed, PathsOvermounted, PatchesRun),
    *(EditRefused, StoreRepaired, RendererRefused),
)
"""Events that no rendered file depends on."""


def remake(stores: Stores, state: State, lost: str, findings: Findings) -> None:
    """Make the newest release again: the exact commit `lost` if it can be reproduced, else an equal one."""
    trees, _ = render(state)
    if trees is None:
        findings.lost("rendered", "the log does not render", "push a fix, or: mailctl rollback")
        return
    nodes = node_files(trees)
    mend_objects(stores, nodes)
    number = _again(stores, nodes, lost) if lost else 0
    if number:
        findings.repaired("rendered", f"commit {lost[:12]} was damaged: release {number} was written again")
        return
    base = _readable(stores)
    number = _on_top(stores, nodes, base, state) if base else _derive(stores)
    if number:
        findings.repaired("rendered", f"it was lost: rendered anew from the log, up to release {number}")


def mend_objects(stores: Stores, nodes: NodeFiles) -> int:
    """Restore the unreadable objects of rendered nodes; returns how many there were."""
    objects = tree_objects(each_file(nodes))
    damaged = [each for oid, each in objects.items() if not stores.repo.is_sound(oid, each[0])]
    for kind, content in damaged:
        stores.repo.put_object(kind, content)
    return len(damaged)


def _again(stores: Stores, nodes: NodeFiles, lost: str) -> int:
    """Reproduce the release whose commit is `lost`, byte by byte; returns its number, 0 if none matches."""
    tree = tree_id(nodes)
    moves = list(stores.repo.moves(BRANCH))
    before = next((old for old, new in zip(moves[-2::-1], moves[:0:-1], strict=False) if new == lost), "")
    parent = _release(stores, before)
    number = parent.number + 1 if parent else 1
    for basis, tip in _bases(stores):
        said = message(number, basis)
        content = commit_content(tree, (before,) if before else (), said, SERVER, tip.time)
        if object_id("commit", content) == lost:
            stores.repo.put_object("commit", content)
            stores.repo.refs.put_back(BRANCH, lost, f"Release {number}")
            return number
    return 0


def _bases(stores: Stores) -> Iterator[tuple[Basis, Tip]]:
    """What the newest release may have been rendered from, newest first."""
    mains = list(dict.fromkeys(reversed(list(stores.repo.moves("main"))[-NEAR:])))
    commits = stores.repo.chain(stores.log.tip().commit, limit=NEAR)
    for commit in commits:
        header = stores.log.header(commit)
        tip = Tip(commit, header.position, header.time, header.main_commit)
        for main in dict.fromkeys([header.main_commit, *mains]):
            yield Basis(tip.position, tip.commit, main, controlplane.__version__), tip


def _readable(stores: Stores) -> Release | None:
    """The newest release that can be read together with all those before it."""
    for commit in reversed(list(stores.repo.moves(BRANCH))[-NEAR:]):
        release = _release(stores, commit)
        if release is not None:
            try:
                stores.repo.chain(release.commit)
                stores.repo.tree_files(release.tree)
            except MailserverError:
                continue
            return release
    return None


def _release(stores: Stores, commit: str) -> Release | None:
    try:
        return stores.releases.read(commit) if commit else None
    except MailserverError:
        return None


def _on_top(stores: Stores, nodes: NodeFiles, base: Release, state: State) -> int:
    """Add releases after a readable one, up to the number that the node has seen."""
    tip = stores.log.tip()
    basis = Basis(tip.position, tip.commit, tip.main_commit, controlplane.__version__)
    tree = stores.releases.tree(nodes)
    number, commit = base.number, base.commit
    wanted = max(number + 1, state.status.attempted)
    while number < wanted:
        number += 1
        commit = stores.releases.make(number, commit, tree, basis, tip.time)
    stores.repo.refs.put_back(BRANCH, commit, f"Release {number}")
    return number


def _derive(stores: Stores) -> int:
    """Make every release again from the first change set on; returns the newest number.

    Of a long log the older ones get their number and their basis alone, so that a start takes seconds:
    what they held can be rendered from the log at any time, and nothing asks for it.
    """
    log = stores.log
    first = max(1, log.tip().position - RENDERED_AGAIN + 1)
    told = _Told(log.iterate(), first)
    state = stores.checkpoints.state_at(log, first - 1) if first > 1 else State()
    number, commit, tree = _older(stores, told, state)
    draft, basis, time = Draft(state), None, log.tip().time
    for change in log.iterate(first):
        for event in change.events:
            event.apply(draft)
        if not change.main_commit or all(isinstance(event, _SILENT) for event in change.events):
            continue
        state = draft.freeze()
        draft = Draft(state)
        rendered, _ = render(state)
        if rendered is None:
            continue
        new = stores.releases.tree(node_files(rendered), tree)
        if new == tree and change.position not in told.named:
            continue
        tree, time, basis = new, change.time, _basis(change)
        wanted = max(number + 1, told.named.get(change.position, 0))
        while number < wanted:
            number += 1
            commit = stores.releases.make(number, commit, tree, basis, time)
    while basis is not None and number < told.highest:
        number += 1
        commit = stores.releases.make(number, commit, tree, basis, time)
    if commit:
        stores.repo.refs.put_back(BRANCH, commit, f"Release {number}")
    return number


def _older(stores: Stores, told: _Told, state: State) -> tuple[int, str, str]:
    """The releases before those that are rendered again, each with what the last of them held."""
    rendered, _ = render(state) if told.older else (None, ())
    if rendered is None:
        return 0, "", ""
    number, commit, tree = 0, "", stores.releases.tree(node_files(rendered))
    for wanted, basis, time in told.older:
        while number < wanted:
            number += 1
            commit = stores.releases.make(number, commit, tree, basis, time)
    return number, commit, tree


class _Told:
    """What the outcomes in a log say about its releases.

    `named`: the number of the release of each position that an outcome names; `highest` of all numbers.
    `older`: number, basis and time of those that were made of a position before `first`, in their order.
    """

    def __init__(self, changes: Iterable[ChangeSet], first: int) -> None:
        self.named: dict[int, int] = {}
        self.highest = 0
        self.older: list[tuple[int, Basis, datetime]] = []
        recent: dict[int, tuple[Basis, datetime]] = {}
        for change in changes:
            for event in change.events:
                if isinstance(event, OUTCOMES):
                    # An older outcome does not name the position: it directly follows its change set.
                    position = event.position or change.position - 1
                    if event.position:
                        self.named[position] = event.release
                    if event.release > self.highest and position < first and position in recent:
                        self.older.append((event.release, *recent[position]))
                    self.highest = max(self.highest, event.release)
            if change.position < first and change.main_commit:
                recent[change.position] = (_basis(change), change.time)
                recent.pop(change.position - RENDERED_AGAIN, None)


def _basis(change: ChangeSet) -> Basis:
    return Basis(change.position, change.commit, change.main_commit, controlplane.__version__)
