"""Secrets in commits below the one that becomes `main`.

Who took a key out again in a later commit has still pushed it: every clone gets it.
"""

from __future__ import annotations

from dataclasses import replace

from controlplane.errors import Problem
from controlplane.git import EXECUTABLE, FILE, StateRepo
from controlplane.intake.hygiene import MAX_FILES, MAX_OVERRIDE
from controlplane.intake.secrets_in_clear import in_clear
from controlplane.statefiles.parsed import MAX_PROBLEMS, printable

MAX_COMMITS = 2_000
"""Commits of one push that are looked into, the newest ones: enough for all but a first import."""


def secrets(repo: StateRepo, old: str, new: str) -> tuple[Problem, ...]:
    """Private keys and passwords in files that came with the push and are gone again at its end."""
    seen = {
        entry.id for commit in (old, new) if commit for entry in repo.files(commit, 2 * MAX_FILES).values()
    }
    problems: list[Problem] = []
    for commit in repo.between(old, new, MAX_COMMITS):
        for path, entry in repo.files(commit, 2 * MAX_FILES).items():
            if entry.id in seen or entry.mode not in (FILE, EXECUTABLE):
                continue
            seen.add(entry.id)
            if repo.blob_size(entry.id) <= MAX_OVERRIDE:
                found = in_clear(path, repo.blob(entry.id, f"{printable(path)} in {commit}"))
                problems += [_in(problem, commit) for problem in found]
        if len(problems) >= MAX_PROBLEMS:
            break
    return tuple(problems[:MAX_PROBLEMS])


def _in(problem: Problem, commit: str) -> Problem:
    return replace(
        problem,
        path=printable(problem.path),
        message=f"{problem.message}, in commit {commit[:12]} of this push",
        cure="take it out of that commit too (`git rebase -i`), since every clone would get it",
    )
