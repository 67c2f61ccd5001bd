"""Runs `plan` and `validate` in a clone, by the control plane's own code, without a server.

The daemons' checkers do not run, and what only a server knows (pins, certificates) counts as absent.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controlplane.cli.clone.working_tree import is_tree, read_working_tree
from controlplane.errors import NotFound
from controlplane.git import StateRepo
from controlplane.intake.proposal import propose_files, render
from controlplane.intake.trees import Files, MainReader
from controlplane.model import Desired, Observed, State
from controlplane.protocol.plans import Planned, Validated
from controlplane.statefiles.tree import read_tree
from controlplane.words.plans import plan_answer

HOSTNAME = "mail.example.test"
"""A stand-in for the server's host name, which is not in a clone."""
UPSTREAM = "origin/main"


def validate(files: Files) -> Validated:
    """The problems that a push of these files to `main` would have, and warnings."""
    proposal = propose_files(_state(Desired()), None, files, guard=False)
    return {
        "problems": [problem.as_dict() for problem in proposal.problems],
        "warnings": [f"{warning.subject}: {warning.message}" for warning in proposal.plan.warnings],
        "checked": [],
        "seconds": 0.0,
    }


def plan(change: str) -> Planned:
    """The plan of a working tree or revision against origin/main, or of B against A for a range A..B."""
    before, after = _sides(change)
    # Problems of the base are not this change's: what cannot be parsed there counts as absent.
    desired, _ = read_tree(before)
    state = _state(desired)
    trees, _ = render(state)
    return plan_answer(propose_files(state, trees, after).plan)


def _sides(change: str) -> tuple[Files, Files]:
    directory = Path(change)
    if is_tree(directory):
        return _at(_repository(directory), UPSTREAM), read_working_tree(directory)
    repo = _repository(Path())
    base, dots, target = change.partition("..")
    return (_at(repo, base), _at(repo, target or "HEAD")) if dots else (_at(repo, UPSTREAM), _at(repo, base))


def _repository(directory: Path) -> StateRepo:
    for folder in (directory.resolve(), *directory.resolve().parents):
        if (folder / ".git").exists():
            return StateRepo(folder)
    raise NotFound(f"{directory} is not in a clone of the state repo")


def _at(repo: StateRepo, revision: str) -> Files:
    return MainReader().read(repo, repo.resolve(revision))


def _state(desired: Desired) -> State:
    status = replace(State().status, hostname=HOSTNAME)
    return State(desired, Observed(nodes={status.node: status}))
