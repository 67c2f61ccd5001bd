"""Reverts single change sets: what they did is undone, and what came later stays.

What was changed again since is not guessed at, but told with the change set that did it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from controlplane.errors import NotFound, Problem, Refused
from controlplane.events import ChangeSet
from controlplane.fold import fold
from controlplane.intake.edits import state_merge
from controlplane.intake.edits.state_merge import Clash
from controlplane.intake.history import revisions
from controlplane.intake.history.revisions import Revision
from controlplane.intake.pipeline import Intake
from controlplane.intake.trees import Files
from controlplane.model import Desired, State
from controlplane.settings import ENV_FILE
from controlplane.statefiles import env_file
from controlplane.statefiles.collections import COLLECTIONS
from controlplane.statefiles.treefile import CONFIG


class Words(NamedTuple):
    """The noun for a thing in one part of a state, and the prefix of its event kinds."""

    noun: str
    kind: str


WORDS: Mapping[str, Words] = {
    "settings": Words("setting", "setting.changed"),
    "overrides": Words("file", "override."),
    **{kind.field: Words(kind.noun, kind.kind) for kind in COLLECTIONS},
}


@dataclass(frozen=True, slots=True)
class Undone:
    """The state without the change sets, which are listed oldest first.

    `already` are those of which nothing was in force any more, with the one that took them back.
    """

    desired: Desired
    changes: tuple[ChangeSet, ...]
    already: tuple[tuple[int, int], ...]


def undo(intake: Intake, positions: Sequence[int], files: Files) -> Undone:
    """The desired state without these change sets, reverted newest first.

    Raises NotFound, and Refused for one that asked for nothing or that a later one went on from.
    """
    desired, clashes = intake.state.desired, list[tuple[Clash, int]]()
    changes: list[ChangeSet] = []
    already: list[tuple[int, int]] = []
    for position in sorted(set(positions), reverse=True):
        change, before = _read(intake, position)
        after = fold(before, change.events)
        if before.desired == after.desired:
            raise Refused.because(*_no_wish(change))
        undone, found = state_merge.undo(before.desired, after.desired, desired)
        if not found and undone == desired:
            already.append((position, _undoer(intake, change)))
        desired = undone
        clashes += [(clash, position) for clash in found]
        changes.append(change)
    if clashes:
        raise Refused(_problems(intake, clashes, files))
    return Undone(desired, tuple(reversed(changes)), tuple(reversed(already)))


def _read(intake: Intake, position: int) -> tuple[ChangeSet, State]:
    log = intake.stores.log
    if not 1 <= position <= log.tip().position:
        raise NotFound(f"there is no change set {position}; the log has {log.tip().position}")
    before = revisions.state_at(intake, Revision(position - 1, "")) if position > 1 else State()
    return log.read(position), before


def _no_wish(change: ChangeSet) -> tuple[str, str]:
    kinds = ", ".join(dict.fromkeys(event.kind for event in change.events)) or "nothing"
    return (
        f"change set {change.position} is a report of the server ({kinds}): it changed nothing on main",
        "name the change set that did; `mailctl log` shows them",
    )


def _undoer(intake: Intake, change: ChangeSet) -> int:
    """The newest later change set that touches the same things."""
    about = {event.subject for event in change.events}
    later = intake.stores.log.iterate(change.position + 1)
    return max((c.position for c in later if any(e.subject in about for e in c.events)), default=0)


def _problems(intake: Intake, clashes: Sequence[tuple[Clash, int]], files: Files) -> list[Problem]:
    """A problem per clash, at its line of `main`, naming the change set in the way."""
    since = _changed_since(intake, clashes)
    found = []
    for clash, position in clashes:
        path, line = _place(clash, files)
        message, cure = _told(position, since.get((clash, position)))
        found.append(Problem(path, line, f"{WORDS[clash.part].noun} {clash.name} {message}", cure))
    return found


def _told(position: int, change: ChangeSet | None) -> tuple[str, str]:
    if change is None:
        return f"is not as change set {position} left it", "change it by hand"
    reason = change.reason.partition("\n")[0]
    why = f', "{reason}"' if reason else ""
    return (
        f"was changed again by change set {change.position} ({change.actor}{why})",
        f"take that one back as well (mailctl revert {change.position} {position}), or change it by hand",
    )


def _place(clash: Clash, files: Files) -> tuple[str, int]:
    if clash.part == "overrides":
        return CONFIG + clash.name, 0
    if clash.part == "settings":
        return ENV_FILE, env_file.line_of(_text(files, ENV_FILE), clash.name)
    kind = next(kind for kind in COLLECTIONS if kind.field == clash.part)
    return kind.path, kind.line_of(_text(files, kind.path), clash.name)


def _text(files: Files, path: str) -> str:
    return files[path].content.decode(errors="replace") if path in files else ""


def _changed_since(
    intake: Intake, clashes: Sequence[tuple[Clash, int]]
) -> dict[tuple[Clash, int], ChangeSet]:
    """The newest change set that touched each clashing thing."""
    found: dict[tuple[Clash, int], ChangeSet] = {}
    for change in intake.stores.log.iterate(min(position for _, position in clashes) + 1):
        touched = {(event.kind, event.subject) for event in change.events}
        for clash, position in clashes:
            if change.position > position and any(
                subject == clash.name and kind.startswith(WORDS[clash.part].kind) for kind, subject in touched
            ):
                found[clash, position] = change
    return found
