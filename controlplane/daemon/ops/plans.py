"""What a change would do, and whether it may: without making it."""

from __future__ import annotations

import time

from controlplane.daemon.core import Checked, Daemon
from controlplane.daemon.ops import requests
from controlplane.errors import MailserverError
from controlplane.git import StateRepo
from controlplane.intake.checks.mass_delete import mass_deletions
from controlplane.intake.history import revisions
from controlplane.intake.proposal import Proposal, propose_files, render
from controlplane.intake.trees import Files, MainReader
from controlplane.model import State
from controlplane.protocol.plans import Planned, Validated
from controlplane.words.plans import plan_answer


def plan(daemon: Daemon, request: requests.Plan) -> Planned:
    """The plan of a tree or of a revision against the state, or against another revision."""
    state = _base(daemon, request.base)
    files: Files = request.files or _files_at(daemon, request.target or "main")
    trees, _ = render(state)
    return plan_answer(propose_files(state, trees, files, guard=False).plan)


def validate(daemon: Daemon, request: requests.Validate) -> Validated:
    """Everything that a push of this tree would be refused for, the daemons' own checkers included."""
    begun = time.monotonic()
    files: Files = request.files or _files_at(daemon, request.revision or "main")
    with daemon.intake.writing("validating"):
        proposal = daemon.intake.propose_files(files, guard=False)
    checked = daemon.check(proposal) if not proposal.problems else Checked()
    problems = (*proposal.problems, *checked.problems)
    return {
        "problems": [problem.as_dict() for problem in problems],
        "warnings": _warnings(daemon.intake.state, proposal, checked),
        "checked": list(checked.services),
        "seconds": round(time.monotonic() - begun, 3),
    }


def _warnings(before: State, proposal: Proposal, checked: Checked) -> list[str]:
    lines = [f"{warning.subject}: {warning.message}" for warning in proposal.plan.warnings]
    massive = () if proposal.problems else mass_deletions(before.desired, proposal.state.desired)
    lines += [f"{problem.path}: {problem.message}; {problem.cure}" for problem in massive]
    if checked.unavailable:
        lines.append(f"not checked by the daemons: {checked.unavailable}")
    return lines


def _base(daemon: Daemon, revision: str) -> State:
    """The state to compare with; for a commit that never was live, its own meaning."""
    intake = daemon.intake
    found = revisions.find(intake, revision)
    if found.position:
        return revisions.state_at(intake, found)
    files = _read(intake.stores.repo, found.main)
    empty = State(observed=intake.state.observed)
    return propose_files(empty, None, files, guard=False).must_be_sound().state


def _files_at(daemon: Daemon, revision: str) -> Files:
    repo = daemon.intake.stores.repo
    try:
        # a branch first: `main` must not be taken for the position that it is at
        return _read(repo, repo.resolve(f"refs/heads/{revision}"))
    except MailserverError:
        return _read(repo, revisions.find(daemon.intake, revision).main)


def _read(repo: StateRepo, commit: str) -> Files:
    return MainReader().read(repo, commit)
