"""Finds secrets in the commits of a push, other than the one that `main` becomes.

Who took a key out again in a later commit has still pushed it, and so has who pushed it to another branch,
as a tag or as a note: every clone gets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from controlplane.errors import NotFound, Problem, Refused
from controlplane.git import EXECUTABLE, FILE, StateRepo
from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.intake.checks.tree_policy import MAX_OVERRIDE
from controlplane.intake.trees import MAX_FILES
from controlplane.statefiles.parsed import MAX_PROBLEMS, printable

MAX_COMMITS = 2_000
"""Commits of one push that are looked into, the newest ones: enough for all but a first import."""


def in_push_to_main(repo: StateRepo, old: str, new: str) -> tuple[Problem, ...]:
    """Private keys and passwords in files that earlier commits of the push added and later ones removed.

    `old` and `new` are what `main` was and is to be; the files of both are judged elsewhere.
    """
    return _secrets(repo, repo.between(old, new, MAX_COMMITS), (old, new))


def in_other_push(repo: StateRepo, main: str, pushed: str) -> tuple[Problem, ...]:
    """Private keys and passwords in a push to any reference but `main`; raises Refused if it is no commit."""
    try:
        new = repo.resolve(pushed)
    except NotFound as error:
        raise Refused.because(f"{pushed[:12]} is no commit", "push commits, and tags of commits") from error
    if main and repo.is_ancestor(new, main):
        return ()  # a name for what everybody has
    return _secrets(repo, [new, *repo.between(main, new, MAX_COMMITS)], (main,))


def _secrets(repo: StateRepo, commits: Iterable[str], known: Iterable[str]) -> tuple[Problem, ...]:
    seen = {entry.id for commit in known if commit for entry in repo.files(commit, 2 * MAX_FILES).values()}
    problems: list[Problem] = []
    for commit in commits:
        for path, entry in repo.files(commit, 2 * MAX_FILES).items():
            if entry.id in seen or entry.mode not in (FILE, EXECUTABLE):
                continue
            seen.add(entry.id)
            if repo.blob_size(entry.id) <= MAX_OVERRIDE:
                found = in_clear(path, repo.blob(entry.id, f"{printable(path)} in {commit}"))
                problems += [_in(problem, commit) for problem in islice(found, MAX_PROBLEMS)]
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
