"""Starting: finish or undo what a killed agent was at, then make the applied release serve."""

from __future__ import annotations

import contextlib
from typing import Any

from agent import place as placing
from agent.attempt import Attempt, act, own_mail, place, renew_scripts, stage
from agent.disk import mount_points, pinned
from agent.engine import Engine, Request, as_failure
from agent.errors import AgentError, Failed
from agent.log import log
from agent.manifest import EMPTY
from agent.node import Node
from agent.paths import ASIDE
from agent.place import Placement, placements
from agent.plan import Plan, harder
from agent.quarantine import put_in


def recover(engine: Engine) -> dict[str, str]:
    """Settle the journal. Returns the actions that an interrupted attempt may have left half done.

    Three cases: it had committed (only its outcome may be missing); it was being applied (the old files go
    back, and the daemon will offer the release again); it had failed and was being undone (the same, and
    its failure is reported).
    """
    node = engine.node
    node.applied = node.store.applied()
    journal = node.store.journal()
    if journal is None:
        return {}
    log("found an interrupted attempt", release=journal["number"], phase=journal["phase"])
    rows = [Placement(**row) for row in journal["rows"]]
    request = Request(journal["commit"], journal["number"], journal["main"])
    if node.applied.attempt == journal["id"]:
        placing.sweep(rows)
        outcome = engine.outcome("applied", request, id=journal["id"], actions=journal["actions"])
        node.store.add_outcome(outcome)
        node.store.close_journal()
        return {}
    with contextlib.suppress(OSError):
        placing.put_back(rows)
    if journal["phase"] == "restoring":
        _report_failure(engine, journal, request)
    node.store.close_journal()
    return dict(journal["actions"])


def _report_failure(engine: Engine, journal: dict[str, Any], request: Request) -> None:
    node, failure = engine.node, journal["failure"]
    outcome = engine.outcome("rolled_back", request, id=journal["id"], actions=journal["actions"], **failure)
    if journal["base"] and failure["service"]:
        with contextlib.suppress(AgentError), node.open() as objects:
            release = node.read(objects, request.commit, request.number)
            named = Failed(failure["service"], failure["reason"], failure["path"], failure["line"])
            put_in(node.store, release, named)
    node.store.add_outcome(outcome)
    node.store.set_failure(outcome)


def serve_applied(engine: Engine, actions: dict[str, str]) -> str:
    """Write what differs from the applied release and start its services; returns what went wrong, or "".

    In a fresh container that is every file. Maps are compiled anew: after a power cut they may be torn, and
    they are not worth an fsync at every change. Services are not waited for (see readiness.py), but for what
    an interrupted attempt may have broken, named by its `actions`.
    """
    node = engine.node
    applied = node.applied
    node.fresh.clear()
    if not applied.commit:
        return ""
    try:
        with node.open() as objects:
            release = node.read(objects, applied.commit, applied.number)
            _sweep_folders(node, {entry.path for entry in release.files.values()})
            attempt = Attempt(node, objects, EMPTY, release)
            _reconcile(attempt, actions)
            if actions and attempt.cold != release.services.keys():
                return engine.serve_again(Attempt(node, objects, release, release, probe_all=True))
    except (AgentError, OSError) as error:
        log("the applied release could not be restored", release=applied.number, reason=error)
        return as_failure(error).reason
    return ""


def _reconcile(attempt: Attempt, actions: dict[str, str]) -> None:
    node, release = attempt.node, attempt.target
    node.release = release
    node.pinned = pinned(node.paths.root, release.files.values(), mount_points(node.paths.root))
    differ = set(node.drifted(release)) - node.pinned
    write = [e for p, e in release.files.items() if p in differ or (e.compile and p not in node.pinned)]
    needed = dict(actions)
    for entry in write:
        for service in entry.services if entry.path in differ else ():
            needed[service] = harder(needed.get(service, "none"), entry.action)
    wanted = {
        name: action for name, action in needed.items() if action != "none" and name in release.services
    }
    attempt.plan = Plan(tuple(write), (), wanted, (), starts=True)
    attempt.rows = placements(node.paths.root, write, ())
    stage(attempt)
    place(attempt)
    placing.sweep(attempt.rows)
    node.drifted(release)  # learn the stamps, so that the next look is cheap
    renew_scripts(attempt)
    own_mail(attempt)
    act(attempt)  # tells in `cold` what had to be started


def _sweep_folders(node: Node, paths: set[str]) -> None:
    """Remove what attempts that died left beside managed files."""
    for folder in {node.paths.target(path).parent for path in paths}:
        with contextlib.suppress(OSError):
            for rubbish in folder.glob(ASIDE + "*"):
                rubbish.unlink()
