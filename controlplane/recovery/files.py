"""Writes the files of `main` from the log when no commit of it can be read any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from controlplane.errors import MailserverError
from controlplane.git import SERVER, StateRepo, format_message, tree_objects
from controlplane.intake.stores import Stores
from controlplane.model import Desired
from controlplane.recovery.branches import MAIN
from controlplane.recovery.findings import Findings
from controlplane.statefiles.compose import compose
from controlplane.statefiles.tree import CONFIG, SUBMODULE, TreeFile

NEAR = 20
"""The most older commits of `main` to search for comments to keep."""


def mend(stores: Stores, desired: Desired, template: Mapping[str, bytes], findings: Findings) -> str:
    """Create a `main` that says what the log says; returns its commit."""
    repo = stores.repo
    commit = repo.last_move(MAIN) or stores.log.tip().main_commit
    if _same_again(repo, commit, desired):
        if repo_value(repo) != commit:
            repo.refs.put_back(MAIN, commit, "put back")
        findings.repaired("main", "a damaged file was written again, as the log holds its content")
        return commit
    base, parent = _base(repo, commit, template)
    objects = tree_objects({path: (each.content, each.mode) for path, each in compose(desired, base).items()})
    for oid, (kind, content) in objects.items():
        if not repo.is_sound(oid, kind):
            repo.put_object(kind, content)
    made = commit
    if not _is_commit_of(repo, commit, tree := list(objects)[-1]):
        repo.drop_damaged(commit)  # nobody can read it, and libgit2 was seen to loop over such files
        message = format_message("Write main again from the log", {"Source": "heal"})
        made = repo.write_commit(tree, (parent,) if parent else (), message, SERVER, datetime.now(UTC))
    repo.refs.put_back(MAIN, made, "put back")
    findings.repaired("main", f"its files could not be read: written again from the log, commit {made[:12]}")
    return made


def _is_commit_of(repo: StateRepo, commit: str, tree: str) -> bool:
    try:
        return bool(commit) and repo.commit_info(commit).tree == tree
    except MailserverError:
        return False


def repo_value(repo: StateRepo) -> str:
    """The commit of `main`; empty if its reference cannot be read."""
    try:
        return repo.refs.get(MAIN)
    except MailserverError:
        return ""


def _same_again(repo: StateRepo, commit: str, desired: Desired) -> bool:
    """Restore damaged files whose exact content the log has; returns whether all can be read then."""
    contents = {CONFIG + each.path: each.content for each in desired.overrides.values()}
    try:
        entries = repo.files(commit) if commit else {}
    except MailserverError:
        return False
    whole = bool(entries)
    for path, entry in entries.items():
        if entry.mode == SUBMODULE or repo.is_sound(entry.id, "blob"):
            continue
        whole = path in contents and repo.put_object("blob", contents[path]) == entry.id and whole
    return whole


def _base(repo: StateRepo, commit: str, template: Mapping[str, bytes]) -> tuple[dict[str, TreeFile], str]:
    """Files with comments to keep, and the parent of the new commit (empty: none)."""
    moves = list(dict.fromkeys([commit, *reversed(list(repo.moves(MAIN))[-NEAR:])]))
    for each in moves:
        try:
            repo.commit_info(each)
            files = repo.files(each)
        except MailserverError:
            continue
        readable = {
            path: TreeFile(repo.blob(entry.id), entry.mode)
            for path, entry in files.items()
            if entry.mode != SUBMODULE and repo.is_sound(entry.id, "blob")
        }
        return readable, each
    return {path: TreeFile(content) for path, content in template.items()}, ""
