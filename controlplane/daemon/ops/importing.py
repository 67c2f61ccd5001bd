"""Takes over a configuration that somebody brings along: one change set, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from controlplane import secrets
from controlplane.daemon.core import Checked, Daemon
from controlplane.daemon.ops import arguments
from controlplane.daemon.ops.requests import Import
from controlplane.errors import Problem, Refused
from controlplane.git import Change, NewFile
from controlplane.intake.checks.mass_delete import BY_COMMAND, mass_deletions
from controlplane.intake.importing.clear_secrets import Sealer
from controlplane.intake.importing.items import Prepared
from controlplane.intake.importing.prepare import Brought, Here, prepare
from controlplane.intake.plan import Plan, as_dict
from controlplane.intake.proposal import Proposal
from controlplane.intake.trees import Files, MainReader
from controlplane.protocol.changes import Taken
from controlplane.statefiles.parsed import MAX_PROBLEMS
from controlplane.statefiles.treefile import TreeFile
from controlplane.words.plans import plan_lines


def take_in(daemon: Daemon, request: Import) -> Taken:
    """What the import does to each file and setting, its problems, its plan, and the change that was made.

    Nothing is changed where there is a problem, and with `dry_run`.
    """
    brought, intake = Brought(request.files, request.env, request.replace), daemon.intake
    with intake.writing("planning an import"):
        intake.catch_up()
        before, commit = intake.release_number, intake.main
        prepared, proposal = _plan(daemon, brought, request.allow_mass_delete)
    checked = daemon.check(proposal) if not proposal.problems else Checked()
    problems = (*proposal.problems, *checked.problems)
    told = _told(prepared, problems, proposal.plan)
    if problems or request.dry_run:
        return told
    cause = replace(arguments.cause(request, "import"), source="import")

    def changes(files: Files) -> Mapping[str, Change]:
        same = intake.main == commit
        return prepared.changes if same else _sound(prepare(brought, _here(daemon, files)))

    recorded = intake.edit(changes, cause)
    return {**told, **daemon.change(recorded, before, wait=request.wait)}


def _sound(prepared: Prepared) -> Mapping[str, Change]:
    if prepared.problems:
        raise Refused(prepared.problems)
    return prepared.changes


def _here(daemon: Daemon, main: Files) -> Here:
    sealer = Sealer(secrets.ensure_identity(daemon.intake.stores.control))
    state = daemon.intake.state
    return Here(main, daemon.template, state.observed.pins, sealer, is_new=not state.status.applied)


def _plan(daemon: Daemon, brought: Brought, mass_delete: bool) -> tuple[Prepared, Proposal]:
    repo, intake = daemon.intake.stores.repo, daemon.intake
    main = MainReader().read(repo, repo.refs.get("main"))
    prepared = prepare(brought, _here(daemon, main))
    after = dict(main)
    for path, change in prepared.changes.items():
        if isinstance(change, NewFile):
            after[path] = TreeFile(change.content, change.mode)
    proposal = intake.propose_files(after, guard=False)
    if prepared.problems:  # what else is wrong is told with them
        problems = tuple(dict.fromkeys([*prepared.problems, *proposal.problems]))[:MAX_PROBLEMS]
        return prepared, Proposal(intake.state, None, Plan(problems=problems))
    # --replace takes the file given for that of main, and may be the smaller one by far
    massive = mass_deletions(intake.state.desired, proposal.state.desired, BY_COMMAND)
    if mass_delete or not massive:
        return prepared, proposal
    return prepared, replace(proposal, plan=replace(proposal.plan, problems=massive))


def _told(prepared: Prepared, problems: tuple[Problem, ...], plan: Plan) -> Taken:
    return {
        "files": [item.as_dict() for item in prepared.files],
        "settings": [item.as_dict() for item in prepared.settings],
        "problems": [problem.as_dict() for problem in problems],
        "text": plan_lines(plan) if plan.different and not problems else [],
        "plan": as_dict(plan),
    }
