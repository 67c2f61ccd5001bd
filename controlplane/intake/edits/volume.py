"""Edits that somebody made by hand in the config volume, merged into `main`.

The agent says which blob it had projected to each file (`base`); what happened on `main` since is kept by
a merge of three. A file that cannot be taken over is refused alone: it must not hold up the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from controlplane import secrets
from controlplane.errors import Conflict, Corrupt, MailserverError, NotFound, Refused
from controlplane.git import EXECUTABLE, FILE, Change, NewFile, StateRepo, merge_file
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.checks.mass_delete import is_mass_delete
from controlplane.intake.checks.tree_policy import name_problems
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import Check, Intake, Recorded
from controlplane.intake.trees import Files
from controlplane.plain_text import sanitize_line
from controlplane.statefiles import accounts, aliases, env_file, table_files
from controlplane.statefiles.secret_parts import is_searched
from controlplane.statefiles.tree import CONFIG

ACTOR = "config-volume"


@dataclass(frozen=True, slots=True)
class VolumeEdit:
    """One file of the volume: its new content (None: deleted) and the blob that was projected before.

    `path` is relative to the volume; an empty base stands for a file that never was projected.
    """

    path: str
    content: bytes | None
    executable: bool = False
    base: str = ""
    was_clear: bool = False
    """Whether passwords in it were sealed, so that the file on the volume still has them in the clear."""


OURS = (secrets.RECIPIENT,)
"""Files of `main` made from the server's own state; the volume never changes them."""


WAY_BACK = "; if not, delete the file from the config volume: it is written again as `main` has it"
"""For who emptied a file by mistake: its removal is refused too, and then the agent puts it back."""


RECORDS = frozenset({accounts.PATH, aliases.PATH, *table_files.PATHS})
"""Files with independent lines: of two lines appended at the same time, both are kept."""


@dataclass(frozen=True, slots=True)
class VolumeRefusal:
    """A file that was not merged, and why."""

    path: str
    reason: str


_BOTH = "main has {}: one name is a file or a folder; move yours to another name, or remove that one"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What became of edits. `sealed` are those whose files on the volume hold passwords in the clear still:
    what `main` has is to replace them."""

    recorded: Recorded | None
    refused: tuple[VolumeRefusal, ...]
    sealed: tuple[str, ...] = ()


def take_over(
    intake: Intake, edits: Sequence[VolumeEdit], template: Mapping[str, bytes], check: Check = lambda _: ()
) -> TakenOver:
    """Merge the edits into `main`: all together if possible, else without the files at fault.

    `template` is what a new state repo starts with: a file of the volume wins over it at the first start, and
    a folder that is there already gets the documented defaults in place of its settings.
    `check` asks the daemons' checkers, where more than tables changed.
    """
    refused: list[VolumeRefusal] = []
    left = [edit for edit in edits if not is_ours(edit.path) and not _misnamed(edit, refused)]
    left = [_sealed(intake, edit) for edit in left]
    first = not intake.state.status.applied  # the agent reports the volume before it applies at all
    brought = first and not any(edit.base for edit in edits)
    cause = Cause(ACTOR, "import" if brought else "config-volume")
    while left:
        try:
            # guarded like a push: a missing file may mean that the volume was not mounted properly
            make = _maker(intake.stores.repo, left, template, refused)
            make = _with_defaults(make, template) if brought else make
            recorded = intake.edit(make, cause, guard=True, check=_checking(check, left))
        except Refused as error:
            left = _without_culprits(left, error, refused)
        else:
            _keep_bases(intake.stores.repo, left)
            return TakenOver(recorded, tuple(refused), tuple(e.path for e in left if e.was_clear))
    return TakenOver(None, tuple(refused))


def _checking(check: Check, edits: Sequence[VolumeEdit]) -> Check:
    """The check, limited to problems of these files: others that `main` already has are not theirs."""
    paths = {CONFIG + edit.path for edit in edits}
    if paths <= RECORDS:
        return lambda _: ()
    return lambda proposal: tuple(problem for problem in check(proposal) if problem.path in paths)


def _sealed(intake: Intake, edit: VolumeEdit) -> VolumeEdit:
    """The edit with passwords sealed, before any of it reaches the repository."""
    path = CONFIG + edit.path
    if edit.content is None or not is_searched(path) or intake.state.settings.allow_cleartext_secrets:
        return edit
    repo = intake.stores.repo
    try:
        known = repo.file(repo.refs.get(MAIN), path)
    except NotFound:
        known = b""
    content = intake.sealer.taken_over(path, edit.content, known)
    return edit if content == edit.content else replace(edit, content=content, was_clear=True)


def _misnamed(edit: VolumeEdit, refused: list[VolumeRefusal]) -> bool:
    """Whether git cannot store such a path (a folder .git, say); it is reported, and the others go on."""
    problems = name_problems(CONFIG + edit.path)
    for problem in problems:
        _refuse(refused, sanitize_line(edit.path), f"{problem.path}: {problem.message}; {problem.cure}")
    return bool(problems)


def is_ours(path: str) -> bool:
    """Whether only the control plane writes this file of the volume."""
    return CONFIG + path in OURS


def _maker(
    repo: StateRepo,
    edits: Sequence[VolumeEdit],
    template: Mapping[str, bytes],
    refused: list[VolumeRefusal],
) -> Callable[[Files], Mapping[str, Change]]:
    def make(files: Files) -> Mapping[str, Change]:
        changes: dict[str, Change] = {}
        for edit in edits:
            path = CONFIG + edit.path
            try:
                changes[path] = _merge(files, path, edit, _base(repo, files, path, edit, template))
            except (Conflict, NotFound) as error:
                _refuse(refused, edit.path, str(error))
        for path in [path for path, change in changes.items() if change is not None and path not in files]:
            if other := _in_the_way(files, changes, path):
                del changes[path]
                _refuse(refused, path.removeprefix(CONFIG), _BOTH.format(other.removeprefix(CONFIG)))
        return changes

    return make


def _with_defaults(
    make: Callable[[Files], Mapping[str, Change]], template: Mapping[str, bytes]
) -> Callable[[Files], Mapping[str, Change]]:
    """The edit, and the settings of a new state repo set to their documented defaults.

    Whose folder was written for the reference's settings relies on its defaults; ours are for trying out.
    """

    def with_defaults(files: Files) -> Mapping[str, Change]:
        changes, ours = make(files), files.get(env_file.PATH)
        first = template.get(env_file.PATH)
        if not changes or ours is None or ours.content != first:
            return changes
        return {**changes, env_file.PATH: NewFile(env_file.to_defaults(first.decode()).encode())}

    return with_defaults


def _in_the_way(files: Files, changes: Mapping[str, Change], path: str) -> str:
    """A file that stands where this path needs a folder, or the other way round; empty if none."""
    above = path.split("/")
    for depth in range(1, len(above)):
        parent = "/".join(above[:depth])
        if parent in files and changes.get(parent, ()) is not None:
            return parent
    inside = (each for each in files if each.startswith(f"{path}/") and changes.get(each, ()) is not None)
    return next(inside, "")


def _base(repo: StateRepo, files: Files, path: str, edit: VolumeEdit, template: Mapping[str, bytes]) -> bytes:
    """The base of the edit. A text with passwords in the clear was never kept: `main` is the base then."""
    if not edit.base:
        return template.get(path, b"")
    try:
        return repo.blob(edit.base)
    except (Corrupt, NotFound):
        if is_searched(path) and path in files:
            return files[path].content
        raise


def _keep_bases(repo: StateRepo, edits: Sequence[VolumeEdit]) -> None:
    """Keep each text as sent, even if a merge changed it: the next edit starts from what was sent."""
    for edit in edits:
        if edit.content is not None:
            repo.write_blob(edit.content)


def _merge(files: Files, path: str, edit: VolumeEdit, base: bytes) -> Change:
    ours = files.get(path)
    if edit.content is None:
        if ours is not None and edit.base and ours.content != base:
            raise Conflict(f"{path} was deleted in the volume and changed on main; main stays")
        return None
    mode = EXECUTABLE if edit.executable else FILE
    if ours is None:
        return NewFile(edit.content, mode)
    return NewFile(merge_file(path, base, ours.content, edit.content, union=path in RECORDS), mode)


def _without_culprits(
    edits: list[VolumeEdit], error: MailserverError, refused: list[VolumeRefusal]
) -> list[VolumeEdit]:
    """The edits without those that the problems name, or without the last one if they name none."""
    reasons: dict[str, str] = {}
    there = {CONFIG + edit.path for edit in edits if edit.content is not None}
    for problem in getattr(error, "problems", ()):
        line = f":{problem.line}" if problem.line else ""
        back = WAY_BACK if is_mass_delete(problem) and problem.path in there else ""
        reasons.setdefault(problem.path, f"{problem.path}{line}: {problem.message}; {problem.cure}{back}")
    guilty = [edit for edit in edits if CONFIG + edit.path in reasons] or edits[-1:]
    for edit in guilty:
        _refuse(refused, edit.path, reasons.get(CONFIG + edit.path, str(error)))
    return [edit for edit in edits if edit not in guilty]


def _refuse(refused: list[VolumeRefusal], path: str, reason: str) -> None:
    if all(known.path != path for known in refused):
        refused.append(VolumeRefusal(path, reason))
