"""Takes single change sets back: what they did is undone, and what came later stays.

A merge of three for each thing that a change set touched: as it was before, as the change set made it, as it
is now. What was changed again since is not guessed at, but told with the change set that did it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from controlplane.errors import Conflict, NotFound, Problem, Refused
from controlplane.events import ChangeSet
from controlplane.fold import fold
from controlplane.git import merge_file
from controlplane.intake import revisions
from controlplane.intake.diff import placements
from controlplane.intake.pipeline import Intake
from controlplane.intake.revisions import Revision
from controlplane.intake.trees import Files
from controlplane.model import Account, Alias, Desired, Master, Override, RegexpAlias, State
from controlplane.ordered import START, OrderedDraft
from controlplane.settings import ENV_FILE
from controlplane.statefiles import env_file
from controlplane.statefiles.collections import COLLECTIONS
from controlplane.statefiles.treefile import CONFIG

CURE = "take that one back as well (mailctl revert {0} {1}), or change it by hand"


class Part(NamedTuple):
    """A part of a state that is merged by name; `kind` is how the kinds of its events begin."""

    field: str
    noun: str
    kind: str
    ordered: bool


PARTS = (
    *(Part(kind.field, kind.noun, kind.kind, kind.ordered) for kind in COLLECTIONS),
    Part("settings", "setting", "setting.changed", False),
    Part("overrides", "file", "override.", False),
)


class Clash(NamedTuple):
    """A thing that was changed again after the change set at `position`."""

    part: Part
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The state without the change sets, oldest first.

    `already` are those of which nothing was in force any more, with the one that took them back.
    """

    desired: Desired
    changes: tuple[ChangeSet, ...]
    already: tuple[tuple[int, int], ...]


def undo(intake: Intake, positions: Sequence[int], files: Files) -> Undone:
    """What is wanted without these change sets, the newest taken back first.

    Raises NotFound, and Refused for one that asked for nothing or that a later one went on from.
    """
    desired, clashes = intake.state.desired, list[Clash]()
    changes: list[ChangeSet] = []
    already: list[tuple[int, int]] = []
    for position in sorted(set(positions), reverse=True):
        change, before = _read(intake, position)
        after = fold(before, change.events)
        if before.desired == after.desired:
            raise Refused.because(*_no_wish(change))
        undone = _Undoing(before.desired, after.desired, desired, position)
        desired = undone.result()
        clashes += undone.clashes
        changes.append(change)
        if not undone.touched and not undone.clashes:
            already.append((position, _undoer(intake, change)))
    if clashes:
        raise Refused(_problems(intake, clashes, files))
    return Undone(desired, tuple(reversed(changes)), tuple(reversed(already)))


def _undoer(intake: Intake, change: ChangeSet) -> int:
    """The newest later change set about the same things."""
    about = {event.subject for event in change.events}
    later = intake.stores.log.iterate(change.position + 1)
    return max((c.position for c in later if any(e.subject in about for e in c.events)), default=0)


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


class _Undoing:
    """One change set taken back from the state of now."""

    def __init__(self, before: Desired, after: Desired, now: Desired, position: int) -> None:
        self._before, self._after, self._now, self._position = before, after, now, position
        self.clashes: list[Clash] = []
        self.touched = 0

    def result(self) -> Desired:
        """The state without it; what clashes is left as it is, and in `clashes`."""
        parts = {part.field: self._part(part) for part in PARTS}
        return replace(self._now, **parts)

    def _part(self, part: Part) -> Mapping[str, Any]:
        before, after, now = (getattr(each, part.field) for each in (self._before, self._after, self._now))
        if before is after:
            return now  # type: ignore[no-any-return]
        wanted = dict(now)
        back: list[str] = []
        for name in {**after, **before}:
            was, became, current = before.get(name), after.get(name), now.get(name)
            if was == became or current == was:
                continue
            try:
                row = was if current == became else _merged(was, became, current)
            except Conflict:
                self.clashes.append(Clash(part, name, self._position))
                continue
            self.touched += 1
            if row is None:
                del wanted[name]
            else:
                back += [name] if name not in wanted else []
                wanted[name] = row
        return self._in_order(wanted, back, before, after) if part.ordered else wanted

    def _in_order(
        self, wanted: dict[str, Any], back: list[str], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What came back, and what the change set had moved, behind what stood before it then."""
        moved = set(back) | _moved(before, after)
        if not moved:
            return wanted
        draft: OrderedDraft[Any] = OrderedDraft(wanted)
        at = START
        for name in before:
            if name not in draft:
                continue
            if name in moved:
                draft.place(name, at)
            at = name
        placed = draft.freeze()
        self.touched += list(placed) != list(wanted)
        return placed


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The things that the change set put at another place among those that stayed."""
    kept = {name: None for name in before if name in after}
    return {step.key for step in placements(kept, {n: None for n in after if n in kept})}


def _merged(was: Any, became: Any, now: Any) -> Any:
    """One thing with the change set's part of it taken back; raises Conflict where both touched the same."""
    merge = _MERGES.get(type(now))
    if merge is None:
        raise Conflict("changed again")
    return merge(was, became, now)


def _fieldwise(was: Any, became: Any, now: Any) -> Any:
    if was is None or became is None:
        raise Conflict("changed again")
    return replace(
        now, **{f.name: _field(*(getattr(x, f.name) for x in (was, became, now))) for f in fields(now)}
    )


def _field(was: Any, became: Any, now: Any) -> Any:
    if was in (became, now):  # not touched by the change set, or back already
        return now
    if now == became:
        return was
    raise Conflict("changed again")


def _targets(was: Any, became: Any, now: Any) -> Any:
    """Targets are a set: those that the change set put there go, those that it took away come back."""
    old, new = (() if each is None else each.targets for each in (was, became))
    added, gone = [t for t in new if t not in old], [t for t in old if t not in new]
    if became is None or any(t not in now.targets for t in added) or any(t in now.targets for t in gone):
        raise Conflict("changed again")
    targets = (*(t for t in now.targets if t not in added), *gone)
    return replace(now, targets=targets) if targets else None


def _lines(was: Any, became: Any, now: Any) -> Any:
    """A file: the lines that the change set touched, where nobody touched them since."""
    if was is None or became is None:
        raise Conflict("changed again")
    content = merge_file(now.path, became.content, now.content, was.content)
    return replace(now, content=content, executable=_field(was.executable, became.executable, now.executable))


_MERGES: Mapping[type, Callable[[Any, Any, Any], Any]] = {
    Account: _fieldwise,
    Master: _fieldwise,
    Alias: _targets,
    RegexpAlias: _targets,
    Override: _lines,
}


def _problems(intake: Intake, clashes: Sequence[Clash], files: Files) -> list[Problem]:
    """Each clash at its line of `main`, with the change set that is in the way."""
    since = _changed_since(intake, clashes)
    return [_problem(clash, since.get(clash), files) for clash in clashes]


def _problem(clash: Clash, change: ChangeSet | None, files: Files) -> Problem:
    path, line = _place(clash, files)
    if change is None:
        message, cure = "is not as that change set left it", "change it by hand"
    else:
        reason = change.reason.partition("\n")[0]
        why = f', "{reason}"' if reason else ""
        message = f"was changed again by change set {change.position} ({change.actor}{why})"
        cure = CURE.format(change.position, clash.position)
    return Problem(path, line, f"{clash.part.noun} {clash.name} {message}", cure)


def _place(clash: Clash, files: Files) -> tuple[str, int]:
    if clash.part.field == "overrides":
        return CONFIG + clash.name, 0
    if clash.part.field == "settings":
        text = files[ENV_FILE].content.decode(errors="replace") if ENV_FILE in files else ""
        return ENV_FILE, env_file.line_of(text, clash.name)
    kind = next(kind for kind in COLLECTIONS if kind.field == clash.part.field)
    text = files[kind.path].content.decode(errors="replace") if kind.path in files else ""
    return kind.path, kind.line_of(text, clash.name)


def _changed_since(intake: Intake, clashes: Sequence[Clash]) -> dict[Clash, ChangeSet]:
    """The newest change set that touched each of them."""
    found: dict[Clash, ChangeSet] = {}
    for change in intake.stores.log.iterate(min(clash.position for clash in clashes) + 1):
        touched = {(event.kind, event.subject) for event in change.events}
        for clash in clashes:
            if change.position > clash.position and any(
                subject == clash.name and kind.startswith(clash.part.kind) for kind, subject in touched
            ):
                found[clash] = change
    return found
