"""Back to how `main` was: its older tree becomes a new commit, and the difference compensating events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controlplane.errors import NotFound
from controlplane.git import Change, StateRepo
from controlplane.intake.accepted import Cause
from controlplane.intake.pipeline import MAIN, Intake, Recorded
from controlplane.intake.revisions import Revision
from controlplane.intake.trees import Files


def rollback(intake: Intake, target: Revision, cause: Cause) -> Recorded:
    """Restore the whole tree of `target`; raises NotFound for what `main` never was."""
    repo = intake.stores.repo
    if not target.main or not repo.is_ancestor(target.main, repo.refs.get(MAIN)):
        raise NotFound("that is not a revision that main ever had; push it as a change instead")
    return intake.edit(_restore(repo, target.main), cause)


def _restore(repo: StateRepo, commit: str) -> Callable[[Files], Mapping[str, Change]]:
    def make(files: Files) -> Mapping[str, Change]:
        wanted = repo.files(commit)
        gone: dict[str, Change] = {path: None for path in files if path not in wanted}
        return {**gone, **wanted}

    return make
