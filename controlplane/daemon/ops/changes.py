"""Operations that change `main`."""

from __future__ import annotations

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops import arguments
from controlplane.daemon.ops.requests import Edit, Rehearse
from controlplane.intake.checks.mass_delete import BY_COMMAND, mass_deletions
from controlplane.intake.edits import commands, table_commands
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import Check
from controlplane.intake.trees import MainReader
from controlplane.protocol.changes import Change, Nothing

TYPED = 10
"""Addresses that a person names in one command."""


def edit(daemon: Daemon, request: Edit) -> Change:
    """Edit what `main` says; the answer comes when the change serves, or failed to."""
    sealer = daemon.intake.sealer
    make = commands.make(request.command, request.arguments, sealer.seal)
    before = daemon.intake.release_number
    cause = arguments.cause(request, "setup")
    recorded = daemon.intake.edit(sealer.commanded(make), cause, check=_guard(daemon, request))
    # who changes a table may look into its file next; an account is to work as soon as it can
    projected = request.command in table_commands.COMMANDS
    return daemon.change(recorded, before, wait=request.wait, projected=projected)


def _guard(daemon: Daemon, request: Edit) -> Check:
    """Refuses to delete most accounts by a list that nobody typed; those of a short one are meant."""
    given = request.arguments.get("addresses")
    if request.allow_mass_delete or not isinstance(given, list) or len(given) <= TYPED:
        return lambda _: ()
    before = daemon.intake.state.desired
    return lambda proposal: mass_deletions(before, proposal.state.desired, BY_COMMAND)


def rehearse(daemon: Daemon, request: Rehearse) -> Nothing:
    """Whether `main` lets itself be edited so: raises what `edit` would, before anybody is asked for more."""
    repo = daemon.intake.stores.repo.fresh()
    commands.rehearse(request.arguments, MainReader().read(repo, repo.refs.get(MAIN)))
    return {}
