"""Decides which references a push may move, and what each move means."""

from __future__ import annotations

from typing import Literal

from controlplane.errors import Refused
from controlplane.git import StateRepo

MAIN = "refs/heads/main"
HEADS = "refs/heads/"
PREVIEW = "preview/"
OURS = ("events", "rendered")
NOTHING = "0" * 40
"""What git passes for a reference that does not exist (githooks(5), pre-receive)."""

Meaning = Literal["main", "branch", "other"]


def meaning(repo: StateRepo, old: str, new: str, ref: str) -> Meaning:
    """What a pushed update means; raises Refused if only the server may make it.

    `repo` must see the pushed objects.
    """
    if ref == MAIN:
        _guard_main(repo, old, new)
        return "main"
    name = ref.removeprefix(HEADS)
    if ref.startswith(HEADS):
        if name == "HEAD":
            raise Refused.because("no branch is called HEAD", "clones would take it for theirs", ref)
        if _is_ours(name):
            raise Refused.because(
                f"the branch {name} is written by the server alone",
                "push your change to main; the server makes events, releases and previews of it",
                ref,
            )
        return "branch"
    if ref.startswith(("refs/tags/", "refs/notes/")):
        return "other"
    raise Refused.because(f"{ref} is no branch or tag", "push to main, or to a branch for a preview", ref)


def _is_ours(name: str) -> bool:
    """Whether a branch is the server's, or would take the place of one of its folders or files."""
    top = name.partition("/")[0]
    return top in OURS or f"{top}/" == PREVIEW or name.startswith("main/")


def _guard_main(repo: StateRepo, old: str, new: str) -> None:
    if new == NOTHING:
        raise Refused.because(
            "main cannot be deleted: it is what the server runs by",
            "push a commit that changes what you want to change",
            MAIN,
        )
    if old != NOTHING and not repo.is_ancestor(old, new):
        raise Refused.because(
            "this would rewrite the history of main, which the event log refers to",
            "run `git pull --rebase` and push again; to undo a commit, push a `git revert` of it",
            MAIN,
        )
