"""Startup: finish or undo what a killed agent was doing, then serve the applied release."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.apply.attempt import Attempt
from agent.apply.engine import Engine, Request, as_failure
from agent.apply.mounted_maps import compile_mounted
from agent.apply.node import Node
from agent.apply.placing import compile_tables, folder_files, place
from agent.apply.plan import Plan
from agent.apply.quarantine import put_in
from agent.apply.rescue import newest, obtainable, open_repository, read_applied, recall
from agent.apply.steps import act, install, own_mail, renew_scripts, settle, stage
from agent.apply.user_patches.step import patch, prepare_start
from agent.errors import AgentError
from agent.files import staging
from agent.files.managed import mount_points, pinned
from agent.files.staging import Placement, placements
from agent.log import log
from agent.paths import ASIDE
from agent.release.held import overlay, read_held
from agent.release.manifest import EMPTY, Release
from wire.actions import harder
from wire.config_folder import below_config
from wire.manifest import Action
from wire.outcomes import OutcomeKind


def recover(engine: Engine) -> dict[str, Action]:
    """Settle the journal. Returns the actions that an interrupted attempt may have left half done.

    Three cases: it had committed (only its outcome may be missing); it was being applied (the old files go
    back, and the daemon will offer the release again); it had failed and was being undone (the same, and
    its failure is reported).
    """
    node = engine.node
    node.applied = recall(node)
    journal, damage = node.journal.find_interrupted()
    if damage:
        return _put_back_unknown(node, damage)
    if journal is None:
        return {}
    log.info("found an interrupted attempt", release=journal["number"], phase=journal["phase"])
    try:
        rows = [Placement(**row) for row in journal["rows"]]
    except TypeError as error:
        return _put_back_unknown(node, str(error))
    request = Request(journal["commit"], journal["number"], journal["main"])
    if node.applied.attempt == journal["id"]:
        staging.finish(rows)
        node.unmanaged_files.settle()
        outcome = engine.outcome(OutcomeKind.APPLIED, request, id=journal["id"], actions=journal["actions"])
        node.journal.add_outcome(outcome)
        node.journal.close()
        return {}
    with contextlib.suppress(OSError):
        node.put_back(rows)
        node.unmanaged_files.undo()
    if journal["phase"] == "restoring":
        _report_failure(engine, journal, request)
    node.journal.close()
    return dict(journal["actions"])


def _put_back_unknown(node: Node, damage: str) -> dict[str, Action]:
    """Undo an interrupted attempt whose journal is damaged, so that its changes are unknown.

    What it replaced is found by comparing every file with the applied release, which a start does anyway;
    what it added is what the newest release has besides. All services are restarted.
    """
    node.journal.close()
    node.findings.mended(
        "agent", f"journal.json was damaged ({damage}): what the attempt had changed is as before it again"
    )
    with open_repository(node) as objects:
        try:
            base = read_applied(node, objects)
            target = next(newest(node, objects), None)
        except AgentError:
            return {}
    added = target[1].files.keys() - base.files.keys() if target else set()
    added = {path for path in added if not below_config(path)}
    entries = [target[1].files[path] for path in added] if target else []
    node.correct_announced([node.paths.target(path) for path in base.files])
    for row in placements(node.paths.root, (), entries):
        with contextlib.suppress(OSError):
            Path(row.target).unlink(missing_ok=True)
    return dict.fromkeys(base.services, Action.RESTART)


def _report_failure(engine: Engine, journal: dict[str, Any], request: Request) -> None:
    node, failure = engine.node, journal["failure"]
    outcome = engine.outcome(
        OutcomeKind.ROLLED_BACK, request, id=journal["id"], actions=journal["actions"], **failure
    )
    if journal.get("row"):
        put_in(node.journal, journal["row"])
    node.journal.add_outcome(outcome)
    node.journal.set_failure(outcome)


def serve_applied(engine: Engine, actions: dict[str, Action]) -> str:
    """Write what differs from the applied release and start its services; returns what went wrong, or "".

    In a fresh container that is every file. Maps are compiled again: after a power cut they may be torn, and
    they are not worth an fsync at every change. Services are not waited for (see readiness.py), but for what
    an interrupted attempt may have broken, named by its `actions`.
    """
    node = engine.node
    applied = node.applied
    if not applied.commit:
        return ""
    try:
        with open_repository(node) as objects:
            release = overlay(read_applied(node, objects), read_held(node.applied.held))
            node.mend_certificates(release)
            _sweep_folders(node, {path for path in release.files if not below_config(path)})
            attempt = Attempt(node, objects, EMPTY, release)
            _reconcile(attempt, actions)
            probed = {service.name for service in release.services.values() if service.probes}
            if actions and not attempt.cold >= probed:
                return engine.serve_again(Attempt(node, objects, release, release, probe_all=True))
    except (AgentError, OSError) as error:
        log.warning("the applied release could not be restored", release=applied.number, reason=error)
        return as_failure(error).reason
    return ""


def _reconcile(attempt: Attempt, actions: dict[str, Action]) -> None:
    node, release = attempt.node, attempt.target
    node.release = release
    node.pinned = pinned(node.paths.root, release.files.values(), mount_points(node.paths.root))
    differ = set(node.drifted(release)) - node.pinned
    anew = (prepare_start(attempt) | differ) - node.pinned
    patched = node.applied.patched.keys() - anew
    write = [
        e
        for p, e in release.files.items()
        if (p in anew or (e.compile and p not in node.pinned and p not in patched)) and not below_config(p)
    ]
    write = [e for entry in write if (e := obtainable(node, attempt.objects, entry))]
    _place(attempt)
    attempt.plan = Plan(write=tuple(write))
    attempt.rows = placements(node.paths.root, write, ())
    stage(attempt)
    install(attempt)
    compile_mounted(attempt)
    staging.clean_up(attempt.rows)
    patch(attempt)
    differ |= _taken_over(node, attempt)
    attempt.plan = Plan(write=tuple(write), actions=_needed(release, differ, actions), starts=True)
    node.drifted(release)  # learn the stamps, so that the next look is cheap
    renew_scripts(attempt)
    own_mail(attempt)
    act(attempt)  # `cold` then has what had to be started
    settle(attempt)


def _place(attempt: Attempt) -> None:
    """Bring the config volume's files back, which may have been lost: what names them starts after that."""
    node = attempt.node
    entries = [e for entry in folder_files(attempt.target) if (e := obtainable(node, attempt.objects, entry))]
    try:
        tables = compile_tables(node.compiler, node.paths.run, entries, attempt.content)
        place(node, attempt.objects, entries, attempt.target, tables)
    except (AgentError, OSError) as error:
        log.warning("files of the config volume", reason=error)


def _taken_over(node: Node, attempt: Attempt) -> set[str]:
    """Files that user-patches.sh changed in another way than last time; records its present effect."""
    before, now = node.applied.patched, attempt.patched
    changed = replace(node.applied, patched=now, patch_failure=attempt.patch_failure)
    if changed != node.applied:
        node.applied = changed
        try:
            node.journal.set_applied(changed)
        except OSError as error:
            log.warning("what user-patches.sh did is not kept", reason=error)
    node.unmanaged_files.settle()
    return {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}


def _needed(release: Release, differ: set[str], actions: dict[str, Action]) -> dict[str, Action]:
    needed = dict(actions)
    for entry in (release.files[path] for path in differ & release.files.keys()):
        for service in entry.services:
            needed[service] = harder(needed.get(service, Action.NONE), entry.action)
    return {
        name: action for name, action in needed.items() if action != Action.NONE and name in release.services
    }


def _sweep_folders(node: Node, paths: set[str]) -> None:
    """Remove what attempts that died left beside managed files."""
    for folder in {node.paths.target(path).parent for path in paths}:
        with contextlib.suppress(OSError):
            for rubbish in folder.glob(ASIDE + "*"):
                rubbish.unlink()
