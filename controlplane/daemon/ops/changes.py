"""Operations that change `main`."""

from __future__ import annotations

from dataclasses import replace

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops import arguments
from controlplane.daemon.protocol import Request, Result, Say
from controlplane.intake import commands, revisions
from controlplane.intake.pipeline import MAIN
from controlplane.intake.rollback import rollback as roll_back
from controlplane.intake.trees import MainReader


def edit(daemon: Daemon, request: Request, say: Say) -> Result:
    """Edit what `main` says; the answer comes when the change serves, or failed to."""
    del say
    sealer = daemon.intake.sealer
    make = commands.make(arguments.text(request, "command"), request, sealer.seal)
    before = daemon.intake.release_number
    recorded = daemon.intake.edit(sealer.commanded(make), arguments.cause(request, "setup"))
    return daemon.change(recorded, before, wait=bool(request.get("wait", True)))


def rehearse(daemon: Daemon, request: Request, say: Say) -> Result:
    """Whether `main` lets itself be edited so: raises what `edit` would, before anybody is asked for more."""
    del say
    repo = daemon.intake.stores.repo.fresh()
    commands.rehearse(request, MainReader().read(repo, repo.refs.get(MAIN)))
    return {}


def rollback(daemon: Daemon, request: Request, say: Say) -> Result:
    """Restore `main` as it was at a revision, as a new change set."""
    del say
    intake, cause = daemon.intake, arguments.cause(request)
    with intake.writing("rolling back"):
        intake.catch_up()
        target = revisions.find(intake, arguments.text(request, "target"))
        before = intake.release_number
        where = f"change set {target.position}" if target.position else f"commit {target.main[:12]}"
        reason = cause.reason or f"Roll back to {where}"
        recorded = roll_back(intake, target, replace(cause, source="rollback", reason=reason))
    return daemon.change(recorded, before, wait=bool(request.get("wait", True)))
