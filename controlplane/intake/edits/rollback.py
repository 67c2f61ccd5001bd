"""Rolls `main` back to its state at a position of the log.

The text that `main` had then comes back, comments and all. Where that cannot be read any more, or does not
say what the log says, the state is folded from the log and written into the text that is there now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from controlplane.errors import Corrupt, NotFound, Problem
from controlplane.git import StateRepo
from controlplane.intake.history import revisions
from controlplane.intake.history.revisions import Revision
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import Intake
from controlplane.intake.trees import Files, MainReader, readable
from controlplane.model import Desired
from controlplane.secrets import RECIPIENT
from controlplane.statefiles.compose import compose
from controlplane.statefiles.tree import read_tree

SKIP = "skip-refused"
"""The option that keeps the current text of files whose old text would be refused."""
WINDOW = 100
"""Change sets on each side of a target that are searched for the nearest acceptable one."""
SEARCH_SECONDS = 3.0
_ABBREVIATED = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class Aim:
    """The files that `main` is to have, and notes about them. `position` is 0 if the target has none."""

    name: str
    files: Files
    position: int = 0
    notes: tuple[str, ...] = ()

    def without(self, paths: Collection[str], present: Files) -> Aim:
        """A copy in which these files are as they are now."""
        files = {path: file for path, file in self.files.items() if path not in paths}
        files |= {path: present[path] for path in paths if path in present}
        kept = tuple(f"{path} stays as it is: its text of then would be refused" for path in sorted(paths))
        return replace(self, files=files, notes=(*self.notes, *kept))


def find(intake: Intake, text: str) -> Revision:
    """The revision to roll back to; 0 is the empty state before the first. Raises NotFound if unknown."""
    if text.isdecimal() and not int(text):
        return Revision(0, "")
    try:
        target = revisions.find(intake, text)
    except (NotFound, Corrupt):
        position = _known_to_log(intake, text)
        if not position:
            raise
        return revisions.find(intake, str(position))
    repo = intake.stores.repo
    if not target.position and not repo.is_ancestor(target.main, repo.refs.get(MAIN)):
        raise NotFound("that is not a revision that main ever had; push it as a change instead")
    return target


def aim(intake: Intake, target: Revision, present: Files) -> Aim:
    """The files to restore; raises Corrupt if neither the text nor the log can be read."""
    text = _text(intake.stores.repo, target.main)
    wanted: Desired | None = None
    damage: Corrupt | None = None
    if target.position or not target.main:
        try:
            wanted = _desired(intake, target)
        except Corrupt as error:
            damage = error
    files, notes = text, tuple[str, ...]()
    if wanted is not None and (text is None or _differs(text, wanted)):
        files = compose(wanted, present)
        notes = _note(text, target)
    if files is None:
        raise damage or Corrupt(f"commit {target.main} of main cannot be read, and the log does not know it")
    name = f"change set {target.position}" if target.position else f"commit {target.main[:12]}"
    if not target.position and not target.main:
        name = "before the first change set"
    return Aim(name, with_recipient(intake, files, present), target.position, notes)


def nearest(intake: Intake, refused: Aim, problems: Collection[Problem]) -> int:
    """The position nearest to the refused one whose state would be accepted; 0 if none is found."""
    bad = {(p.path, refused.files[p.path].content) for p in problems if p.path in refused.files}
    present, _ = readable(intake.stores.repo, intake.stores.repo.refs.get(MAIN))
    give_up = time.monotonic() + SEARCH_SECONDS
    for candidate in _around(intake, refused.position):
        if time.monotonic() > give_up:
            break
        try:
            files = aim(intake, candidate, present).files
        except Corrupt:
            continue
        if any(path in files and files[path].content == content for path, content in bad):
            continue
        proposal = intake.propose_files(files, guard=False)
        if not proposal.problems and proposal.events:
            return candidate.position
    return 0


def _desired(intake: Intake, target: Revision) -> Desired:
    return revisions.state_at(intake, target).desired if target.position else Desired()


def _text(repo: StateRepo, commit: str) -> Files | None:
    """The files of a commit; None if it cannot be read."""
    try:
        return MainReader().read(repo, commit) if commit else None
    except Corrupt:
        return None


def _differs(text: Files, wanted: Desired) -> bool:
    """Whether a text differs in meaning from the log; mistakes in it are reported elsewhere, line by line."""
    desired, problems = read_tree(text)
    return not problems and desired != wanted


def _note(text: Files | None, target: Revision) -> tuple[str, ...]:
    if not target.main:
        return ()
    why = "says something else than the log" if text is not None else "cannot be read any more"
    return (f"the text of main at that time {why}: it is written anew from the log, with today's comments",)


def with_recipient(intake: Intake, files: Files, present: Files) -> Files:
    """The files with the server's current recipient, since an earlier identity opens nothing."""
    if RECIPIENT in present:
        return {**files, RECIPIENT: present[RECIPIENT]}
    old = files.get(RECIPIENT)
    if old is None or old.content.decode(errors="replace").strip() == intake.sealer.recipient:
        return files
    return {path: file for path, file in files.items() if path != RECIPIENT}


def _known_to_log(intake: Intake, text: str) -> int:
    """The newest position whose commit of `main` has this short id; 0 if none. The commit may be lost."""
    if not _ABBREVIATED.fullmatch(text):
        return 0
    log = intake.stores.log
    for info in intake.stores.repo.history(log.tip().commit):
        header = log.header(info.id)
        if header.main_commit.startswith(text):
            return header.position
    return 0


def _around(intake: Intake, position: int) -> Iterator[Revision]:
    """Revisions around a position, nearest first, each text of `main` once."""
    repo, log = intake.stores.repo, intake.stores.log
    tip = log.tip()
    low, high = max(1, position - WINDOW), min(tip.position, position + WINDOW)
    commits = repo.chain(tip.commit, limit=tip.position - low + 1)[tip.position - high :]
    seen: dict[str, int] = {}
    for commit in reversed(commits):
        header = log.header(commit)
        if header.main_commit:
            seen.setdefault(header.main_commit, header.position)
    for main, at in sorted(seen.items(), key=lambda item: (abs(item[1] - position), -item[1])):
        if at != position:
            yield Revision(at, main)
