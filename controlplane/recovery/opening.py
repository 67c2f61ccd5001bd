"""Opens the stores of a possibly damaged volume, and returns an intake in every case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import controlplane
from controlplane.errors import Corrupt, MailserverError, TooNew
from controlplane.fold import fold
from controlplane.git import damaged_packs, set_packs_aside
from controlplane.image import is_older
from controlplane.intake.pipeline import Intake
from controlplane.intake.proposal import render
from controlplane.intake.stores import Stores
from controlplane.intake.trees import MainReader, node_files, tree_id
from controlplane.model import State
from controlplane.recovery import branches, files, identity, releases
from controlplane.recovery.findings import Findings
from controlplane.recovery.places import KEPT, put_aside
from controlplane.release import BRANCH as RENDERED
from controlplane.statefiles.tree import read_tree
from controlplane.states import snapshot
from controlplane.states.snapshot import Snapshot


def set_damaged_packs_aside(stores: Stores, findings: Findings) -> bool:
    """Unpack the intact objects of damaged packs; returns whether the stores must be reopened."""
    if not any((stores.repo.path / "objects/pack").glob("*.pack")) or branches.all_sound(stores):
        return False
    git_dir, keep = stores.repo.path, stores.control / KEPT
    packs = list(damaged_packs(stores.repo.pack_faults(), git_dir))
    if packs:
        keep.mkdir(mode=0o700, exist_ok=True)
        set_packs_aside(git_dir, packs, keep)
        findings.repaired("packs", f"{', '.join(packs)} was damaged: unpacked as far as it can be read")
    return bool(packs)


def open_intake(stores: Stores, template: Mapping[str, bytes], findings: Findings) -> Intake:
    """Restore every part that can be restored, and open an intake on the result."""
    with stores.lock.hold("looking for damage"):
        _mend_records(stores, findings)
        branches.mend_events(stores, findings)
        known = _state(stores, findings)
        main = ""
        if findings.halted is None:
            if stores.log.tip().main_commit and not branches.mend_main(stores, findings):
                main = files.mend(stores, known.state.desired, template, findings)
            _mend_rendered(stores, known, findings)
        intake = Intake(stores, known=known, halted=findings.halted.problem() if findings.halted else None)
        intake.main = main or intake.main
        intake.repairs = findings.repairs
    return intake


def mend_identity(intake: Intake, is_new: bool, findings: Findings) -> bool:
    """Restore the identity; returns whether it fits what `main` holds."""
    control = intake.stores.control
    identity.mend_digest_key(control, findings)
    desired = intake.state.desired
    if identity.mend(control, desired, is_new, findings):
        return True
    intake.sealer.lose(findings.damage[-1].problem(), identity.named(desired))
    return False


def _mend_rendered(stores: Stores, known: Snapshot, findings: Findings) -> None:
    had = branches.look(stores.repo, RENDERED)
    lost = branches.mend_rendered(stores, findings)
    newest = None if lost else stores.releases.newest()
    if newest is None:
        if lost or (had.fault and stores.log.tip().main_commit and known.state.status.attempted):
            releases.remake(stores, known.state, lost, findings)
        return
    trees, _ = render(known.state)
    if trees is None:
        return
    nodes = node_files(trees)
    if tree_id(nodes) == newest.tree and (count := releases.mend_objects(stores, nodes)):
        objects = "1 damaged object" if count == 1 else f"{count} damaged objects"
        findings.repaired("rendered", f"{objects} of release {newest.number}: written again")
    elif branches.fault_of_tree(stores.repo, newest.tree):
        releases.remake(stores, known.state, "", findings)


def _mend_records(stores: Stores, findings: Findings) -> None:
    for path in stores.accepted.damaged():
        put_aside(path, stores.control)
        findings.repaired("accepted", f"the record of commit {path.stem[:12]} was damaged and was put aside")
    if stores.snapshot.exists() and _is_damaged(stores):
        put_aside(stores.snapshot, stores.control)
        findings.repaired("snapshot", "it was damaged: the state was folded from the log again")


def _is_damaged(stores: Stores) -> bool:
    """Whether the snapshot is damaged; one of another program version is not."""
    try:
        first, _, body = stores.snapshot.read_bytes().partition(b"\n")
        said = json.loads(first)["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return bool(said != hashlib.sha256(body.removesuffix(b"\n")).hexdigest())


def _state(stores: Stores, findings: Findings) -> Snapshot:
    """The state at the end of the log, as far as it can be read."""
    tip = stores.log.tip()
    try:
        if findings.halted is None:
            return stores.checkpoints.current(stores.log, stores.snapshot)
    except TooNew as error:
        what = f"{error}; no change is taken"
        findings.lost("events", what, _newer(stores), halts=True)
        stores.log.hold_at(tip.commit)
    except Corrupt as error:
        what = f"the log cannot be read from its start: {error}; no change is taken"
        findings.lost("events", what, branches.LOG_CURE, halts=True)
        stores.log.hold_at(tip.commit)
    saved = snapshot.read(stores.snapshot)
    if saved is not None and saved.position >= tip.position:
        return Snapshot(tip.position, tip.commit, saved.state)
    try:
        return Snapshot(tip.position, tip.commit, fold(State(), stores.log.events()))
    except MailserverError:
        return Snapshot(tip.position, tip.commit, _of_main(stores))


def _newer(stores: Stores) -> str:
    """What to do about a log that a later version wrote to."""
    try:
        newest = stores.releases.newest()
    except MailserverError:
        newest = None
    ran = newest.basis.renderer if newest else ""
    version = f"version {ran} or later" if is_older(controlplane.__version__, ran) else "the later version"
    return (
        f"start the image of {version} on this volume again; the last release that served serves meanwhile. "
        "To stay with this one, restore a backup of the state volume from before the upgrade"
    )


def _of_main(stores: Stores) -> State:
    """The state that `main` describes, if the log cannot: only to answer questions, never to write."""
    try:
        desired, _ = read_tree(MainReader().read(stores.repo, stores.repo.refs.get(branches.MAIN)))
    except MailserverError:
        return State()
    return State(desired)
