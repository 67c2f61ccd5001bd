"""Operations that go back: to an earlier state as a whole, or without single change sets.

Both are planned first. The plan alone is the answer to `dry_run`; with `main`, the commit that a plan was
made on, it is carried out only while that is still so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from controlplane.daemon.core import Daemon
from controlplane.daemon.ops import arguments
from controlplane.daemon.ops.requests import GoingBack, Revert, Rollback
from controlplane.errors import Conflict, Problem, Refused
from controlplane.events import ChangeSet, Source
from controlplane.git import Change, NewFile
from controlplane.intake.checks.mass_delete import BY_COMMAND, mass_deletions
from controlplane.intake.edits import revert as reverting
from controlplane.intake.edits import rollback as rolling
from controlplane.intake.edits.rollback import Aim
from controlplane.intake.main_branch import MAIN
from controlplane.intake.pipeline import Intake
from controlplane.intake.plan import as_dict
from controlplane.intake.proposal import Proposal
from controlplane.intake.trees import Files, readable
from controlplane.protocol.changes import WayBack
from controlplane.statefiles.compose import compose
from controlplane.timestamps import format_time
from controlplane.words.numbers import counted
from controlplane.words.plans import plan_lines

TRIES = 5
"""Times that a plan is made anew because `main` moved meanwhile, where nobody has seen it."""


MOST = 8
"""Names of files in one line."""


class _Moved(Conflict):
    """`main` is another commit than the plan was made on."""


@dataclass(frozen=True)
class _Course:
    """A planned way back."""

    aim: Aim
    present: Files
    main: str
    proposal: Proposal
    title: str
    guarded: tuple[Problem, ...] = ()

    def told(self) -> WayBack:
        """The plan as an answer."""
        plan, changed = self.proposal.plan, sorted(self.changes(self.present))
        notes = list(self.aim.notes)
        if changed and not plan.different:
            more = f" and {len(changed) - MOST} more" if len(changed) > MOST else ""
            notes.append(
                f"nothing that the server reads changes, only text: {', '.join(changed[:MOST])}{more}"
            )
        return {
            "title": self.title,
            "notes": notes,
            "text": plan_lines(plan) if plan.different else [],
            "plan": as_dict(plan),
            "different": plan.different or bool(changed),
            "refused": [problem.as_dict() for problem in self.guarded],
            "main": self.main,
        }

    def changes(self, files: Files) -> dict[str, Change]:
        """What is to become of these files of `main`."""
        gone: dict[str, Change] = {path: None for path in files if path not in self.aim.files}
        changed: dict[str, Change] = {
            path: NewFile(file.content, file.mode)
            for path, file in self.aim.files.items()
            if files.get(path) != file
        }
        return gone | changed


Look = Callable[[Files], tuple[Aim, str]]
"""From the files of `main` as they are to what they are to be, and the title of the plan."""


def rollback(daemon: Daemon, request: Rollback) -> WayBack:
    """Restore everything as it was at a revision, as a new change set."""
    intake = daemon.intake

    def look(present: Files) -> tuple[Aim, str]:
        aim = rolling.aim(intake, rolling.find(intake, request.target), present)
        return aim, f"► back to the state of {aim.name}, as a new change set"

    return _carry_out(daemon, request, "rollback", look)


def revert(daemon: Daemon, request: Revert) -> WayBack:
    """Take single change sets back, as a new one; what came after them stays."""
    intake, positions = daemon.intake, request.positions

    def look(present: Files) -> tuple[Aim, str]:
        undone = reverting.undo(intake, positions, present)
        files = rolling.with_recipient(intake, compose(undone.desired, present), present)
        names = ", ".join(str(change.position) for change in undone.changes)
        notes = tuple(f"change set {one} is undone already, by change set {by}" for one, by in undone.already)
        aim = Aim(f"change set{'s' if len(undone.changes) > 1 else ''} {names}", files, notes=notes)
        return aim, "\n".join(["► taken back, as a new change set:", *map(_described, undone.changes)])

    return _carry_out(daemon, request, "revert", look)


def _described(change: ChangeSet) -> str:
    reason = change.reason.partition("\n")[0]
    events = counted(len(change.events), "event")
    said = f', "{reason}"' if reason else ""
    return f"  {change.position}  {format_time(change.time)}  {change.actor}, {change.source}: {events}{said}"


def _carry_out(daemon: Daemon, request: GoingBack, source: Source, look: Look) -> WayBack:
    intake = daemon.intake
    for _ in range(TRIES):
        course = _planned(daemon, request, look)
        if request.dry_run:
            return course.told()
        if course.guarded:
            raise Refused(course.guarded)
        if request.main and request.main != course.main:
            raise Conflict("main has changed since this plan was shown; look at it again")
        cause = arguments.cause(request)
        verb = "Roll back to" if source == "rollback" else "Take back"
        reason = cause.reason or f"{verb} {course.aim.name}"
        before = intake.release_number
        try:
            recorded = intake.edit(
                _making(intake, course),
                replace(cause, source=source, reason=reason),
                mends=source == "rollback",  # the whole text of main is another one then
            )
        except _Moved:
            continue
        return {**course.told(), **daemon.change(recorded, before, wait=request.wait)}
    raise Conflict("main is being changed by others all the time; try again")


def _making(intake: Intake, course: _Course) -> Callable[[Files], Mapping[str, Change]]:
    def make(files: Files) -> Mapping[str, Change]:
        if intake.stores.repo.refs.get(MAIN) != course.main:
            raise _Moved("main has moved")
        return course.changes(files)

    return make


def _planned(daemon: Daemon, request: GoingBack, look: Look) -> _Course:
    """The plan, checked as a push is; raises Refused for what would be refused today, with a way out."""
    intake = daemon.intake
    with intake.writing("planning the way back"):
        intake.catch_up()
        main = intake.stores.repo.refs.get(MAIN)
        present, lost = readable(intake.stores.repo, main)
        aim, title = look(present)
        if lost:
            aim = replace(aim, notes=(*aim.notes, f"main cannot be read as it is: {', '.join(lost[:MOST])}"))
    skips = isinstance(request, Rollback) and request.skip_refused
    skipped: set[str] = set()
    while True:
        course = _Course(aim, present, main, intake.propose_files(aim.files, guard=False), title)
        problems = _problems(daemon, course.proposal)
        if not problems:
            break
        culprits = {problem.path for problem in problems if problem.path} - skipped
        if not skips or not culprits:
            raise Refused([*problems, *_way_out(intake, aim, problems, skipped)])
        skipped |= culprits
        aim = aim.without(culprits, present)
    if request.allow_mass_delete:
        return course
    guarded = mass_deletions(intake.state.desired, course.proposal.state.desired, BY_COMMAND)
    return replace(course, guarded=guarded)


def _problems(daemon: Daemon, proposal: Proposal) -> tuple[Problem, ...]:
    return proposal.problems or daemon.check(proposal).problems


def _way_out(intake: Intake, aim: Aim, problems: Sequence[Problem], skipped: set[str]) -> list[Problem]:
    """What can be done instead of going back to a state that is refused."""
    if not aim.position or skipped:
        return []
    files = ", ".join(sorted({problem.path for problem in problems if problem.path}))
    cure = f"--{rolling.SKIP} leaves {files or 'these files'} as it is now"
    with intake.writing("looking for a state that would be taken"):
        near = rolling.nearest(intake, aim, problems)
    if near:
        away = counted(abs(near - aim.position), "change set")
        cure = f"nearest: change set {near}, {away} {'later' if near > aim.position else 'earlier'}; {cure}"
    return [Problem("", 0, f"{aim.name} served once, and would be refused today", cure)]
