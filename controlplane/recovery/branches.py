"""Restores `events`, `main` and `rendered` from what the rest of the volume says about them.

A branch is lost where its reference is gone, empty, cut, garbage, or leads to an object that is missing or
damaged; and it went back where the reference says less than its own reflog (git-reflog(1)): a reference that
is lost as a file is still there, older, in packed-refs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from controlplane.errors import Corrupt, MailserverError, TooNew
from controlplane.event_log import BRANCH as EVENTS
from controlplane.event_log import EMPTY, Tip
from controlplane.git import StateRepo
from controlplane.intake.stores import Stores
from controlplane.recovery.findings import Findings
from controlplane.release import BRANCH as RENDERED
from controlplane.release import Release
from controlplane.statefiles.tree import SUBMODULE

MAIN = "main"
LOG_CURE = (
    "put the objects of state.git back: restore the state volume from a backup, or copy the files below"
    " .git/objects of a clone that has fetched `events` into /var/mail-state/state.git/objects, then restart;"
    " mail is served meanwhile"
)
NEAR = 50
"""The most moves of a reflog to search for a readable one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A reference as found: its commit, and what is wrong with it (empty: nothing)."""

    commit: str
    fault: str


def look(repo: StateRepo, name: str) -> Seen:
    """Look at a branch: its commit, readable or not."""
    try:
        commit = repo.refs.get(name)
    except Corrupt as error:
        return Seen("", str(error))
    if not commit:
        return Seen("", f"refs/heads/{name} was gone")
    try:
        repo.entries(repo.commit_info(commit, name).tree, name)
    except Corrupt as error:
        return Seen(commit, str(error))
    return Seen(commit, "")


def mend_events(stores: Stores, findings: Findings) -> None:
    """Restore `events` to its newest change set, or end the log where it can still be read."""
    repo, told = stores.repo, stores.repo.last_move(EVENTS)
    _put_objects_back(stores, told, findings)
    seen, known = look(repo, EVENTS), _known_of_log(stores)
    highest = max([position for position, _ in known], default=0)
    best = _best(stores, [seen.commit, told, *(commit for _, commit in known)])
    if best is None or best.position < highest or (seen.fault and not told):
        best = _scan(stores) or best or _near(stores)
    wanted = told or seen.commit
    if not told and best is not None and (best.position, best.commit) in known:
        wanted = ""  # the reference alone names something else, and what was written last does not know it
    if best is None and not (wanted or highest or (repo.path / "refs/heads" / EVENTS).exists()):
        return  # there never was a log
    if best is None or best.position < highest or not _holds(stores, best, wanted):
        best = max(filter(None, [best, _near(stores)]), key=lambda tip: tip.position, default=None)
        stores.log.hold_at(best.commit if best else "")
        what = seen.fault or f"commit {wanted[:12]} is missing or damaged"
        end = f"the log cannot be read behind change set {best.position if best else 0}"
        findings.lost("events", f"{end}: {what}; no change is taken", LOG_CURE, halts=True)
    elif best.commit != seen.commit:
        repo.refs.put_back(EVENTS, best.commit, "put back")
        why = seen.fault or "refs/heads/events had gone back"
        findings.repaired("events", f"{why}: put back at change set {best.position}")


def _put_objects_back(stores: Stores, told: str, findings: Findings) -> None:
    """Restore objects of the newest change sets from their second copy, if the newest is damaged."""
    seen = look(stores.repo, EVENTS)
    newest = told or seen.commit
    if (seen.fault or (newest and _tip_of(stores, newest) is None)) and (
        count := stores.tail.put_back(stores.repo)
    ):
        objects = "1 damaged object" if count == 1 else f"{count} damaged objects"
        findings.repaired(
            "events", f"{objects} of the newest change sets: written again from control/log-tail"
        )


def _holds(stores: Stores, best: Tip, wanted: str) -> bool:
    """Whether the history of a change set contains the last known tip of the branch."""
    return not wanted or _goes_on(stores.repo, wanted, best.commit)


def _known_of_log(stores: Stores) -> list[tuple[int, str]]:
    """Positions and commits of the log that the snapshot and the newest release name."""
    known: list[tuple[int, str]] = []
    try:
        with stores.snapshot.open("rb") as file:
            head = json.loads(file.readline(1 << 16))
        known.append((int(head["position"]), str(head["commit"])))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    for commit in (_value(stores.repo, RENDERED), stores.repo.last_move(RENDERED)):
        release = _release_of(stores, commit)
        if release is not None:
            known.append((release.basis.log_position, release.basis.log_commit))
    return [(position, commit) for position, commit in known if position]


def _value(repo: StateRepo, name: str) -> str:
    return look(repo, name).commit


def _tip_of(stores: Stores, commit: str) -> Tip | None:
    """The change set in a commit, after reading all of its objects; None if it is none or damaged."""
    if not commit:
        return None
    try:
        header = stores.log.header(commit)
        with suppress(TooNew):  # a later version wrote it: that is no damage
            stores.log.read_commit(commit)
    except MailserverError:
        return None
    return Tip(commit, header.position, header.time, header.main_commit)


def _release_of(stores: Stores, commit: str) -> Release | None:
    if not commit:
        return None
    try:
        release = stores.releases.read(commit)
        stores.repo.entries(release.tree, RENDERED)
    except MailserverError:
        return None
    return release if release.number else None


def _best(stores: Stores, commits: Iterable[str]) -> Tip | None:
    tips = [tip for commit in dict.fromkeys(commits) if (tip := _tip_of(stores, commit)) is not None]
    return max(tips, key=lambda tip: tip.position, default=None)


def _near(stores: Stores) -> Tip | None:
    """The newest readable move in the reflog."""
    for commit in reversed(list(stores.repo.moves(EVENTS))[-NEAR:]):
        if (tip := _tip_of(stores, commit)) is not None:
            return tip
    return None


def _scan(stores: Stores) -> Tip | None:
    """The highest change set among all commits with an intact history."""
    repo = stores.repo
    found = [tip for commit in repo.all_commits() if (tip := _tip_of(stores, commit)) is not None]
    for tip in sorted(found, key=lambda tip: tip.position, reverse=True):
        try:
            if len(repo.chain(tip.commit)) == tip.position:
                return tip
        except Corrupt:
            continue
    return None


def mend_rendered(stores: Stores, findings: Findings) -> str:
    """Restore `rendered` to a readable commit of its own; returns the commit it should be at but is not."""
    repo, seen = stores.repo, look(stores.repo, RENDERED)
    told = repo.last_move(RENDERED)
    if not seen.fault and _release_of(stores, seen.commit) and told in ("", seen.commit):
        return ""
    if not seen.fault and told and not _goes_on(repo, seen.commit, told):
        return ""
    best = _release_of(stores, told) or _release_of(stores, seen.commit)
    if best is None and not (told or seen.commit) and stores.log.tip() is not EMPTY:
        best = _scan_releases(stores)
    if best is None:
        return told or seen.commit
    if best.commit != seen.commit:
        why = seen.fault or "refs/heads/rendered had gone back"
        repo.refs.put_back(RENDERED, best.commit, f"Release {best.number}")
        findings.repaired("rendered", f"{why}: put back at release {best.number}")
    return ""


def _goes_on(repo: StateRepo, old: str, new: str) -> bool:
    # libgit2 loops for ever over some damaged loose objects, so it must not read one.
    if not (repo.is_sound(old, "commit") and repo.is_sound(new, "commit")):
        return False
    try:
        return repo.is_ancestor(old, new)
    except MailserverError:
        return False


def _scan_releases(stores: Stores) -> Release | None:
    found = (_release_of(stores, commit) for commit in stores.repo.all_commits())
    ours = [release for release in found if release is not None]
    return max(ours, key=lambda release: release.number, default=None)


def mend_main(stores: Stores, findings: Findings) -> bool:
    """Restore `main` to a commit of its own; returns whether that can be read."""
    repo, seen, log = stores.repo, look(stores.repo, MAIN), stores.log.tip()
    told = repo.last_move(MAIN)
    fault = seen.fault or _fault_of_files(repo, seen.commit)
    if not fault and (told in ("", seen.commit) and (told or not _fell_back(repo, seen.commit, log))):
        return True
    if not fault and told not in ("", seen.commit) and not _goes_on(repo, seen.commit, told):
        return True
    if (
        not fault
        and told != log.main_commit
        and seen.commit == log.main_commit
        and not _was_accepted(stores, told)
    ):
        return True  # a move that came to nothing
    for commit in _candidates(stores, told, log):
        if not _fault_of_files(repo, commit):
            if commit != seen.commit:
                repo.refs.put_back(MAIN, commit, "put back")
                why = seen.fault or "refs/heads/main had gone back"
                findings.repaired("main", f"{why}: put back at commit {commit[:12]}")
            return True
    return not fault


def _candidates(stores: Stores, told: str, log: Tip) -> Iterator[str]:
    """Commits that `main` may have been at, best first."""
    if told:
        yield told
    for commit in stores.accepted.commits():
        if log.main_commit and _goes_on(stores.repo, log.main_commit, commit):
            yield commit
    if log.main_commit:
        yield log.main_commit


def _fell_back(repo: StateRepo, commit: str, log: Tip) -> bool:
    """Whether the log names a newer `main` and no reflog says that somebody moved it back."""
    return commit != log.main_commit and bool(log.main_commit) and _goes_on(repo, commit, log.main_commit)


def _was_accepted(stores: Stores, commit: str) -> bool:
    return stores.accepted.cause_of(commit) is not None


def _fault_of_files(repo: StateRepo, commit: str) -> str:
    """The fault of the first damaged object of a commit; empty if all are readable."""
    try:
        return fault_of_tree(repo, repo.commit_info(commit).tree) if commit else "there is no commit"
    except MailserverError as error:
        return str(error)


def fault_of_tree(repo: StateRepo, tree: str) -> str:
    """The fault of the first damaged file or folder of a tree; empty if all are readable."""
    try:
        for path, entry in repo.tree_files(tree).items():
            if entry.mode != SUBMODULE:
                repo.blob(entry.id, path)
    except MailserverError as error:
        return str(error)
    return ""


def all_sound(stores: Stores) -> bool:
    """Whether the newest objects of every existing branch can be read."""
    repo = stores.repo
    for name in (MAIN, RENDERED):
        if (seen := look(repo, name)).commit and _fault_of_files(repo, seen.commit):
            return False
        if not seen.commit and (told := repo.last_move(name)) and _fault_of_files(repo, told):
            return False
    log = look(repo, EVENTS).commit or repo.last_move(EVENTS)
    return not log or _tip_of(stores, log) is not None
