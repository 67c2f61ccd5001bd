"""A plan as text: lines for terminals and pushes, Markdown for pull requests."""

from __future__ import annotations

from itertools import groupby

from controlplane.errors import Problem
from controlplane.events import Event
from controlplane.image import Image
from controlplane.intake.plan import FileChange, Plan, as_dict, detail_of
from controlplane.protocol.plans import Planned
from controlplane.words.problems import place_of, problem_lines, refusal_lines
from wire.manifest import Action

MARKS = {"add": "+", "change": "~", "remove": "−", "report": "·"}
MOST_EVENTS = 40
"""Events listed one by one; the counts cover the rest."""
KIND_WIDTH = 18


def plan_answer(plan: Plan) -> Planned:
    """A plan in every form, as `mailctl plan` shows it: a server's answer, and that of a clone alone."""
    return {
        "plan": as_dict(plan),
        "text": refusal_lines(plan.problems) if plan.problems else plan_lines(plan),
        "markdown": markdown(plan),
        "different": plan.different,
        "problems": [problem.as_dict() for problem in plan.problems],
    }


def image_answer(plan: Plan, image: Image) -> Planned:
    """The same of the start of an image, for `mailctl plan --image`."""
    found = plan_answer(plan)
    if plan.problems:
        title = f"✗ version {image.version} cannot render this: what serves would go on serving, unchanged"
        return {**found, "text": [title, *problem_lines(plan.problems)]}
    if not plan.different:
        same = f"Nothing changes: version {image.version} renders what is released already."
        return {**found, "text": [same], "markdown": f"### {same}\n"}
    return found


def plan_lines(plan: Plan) -> list[str]:
    """The whole plan: events with their warnings, counts, files and actions by service."""
    return [*event_lines(plan), counts_line(plan), *service_lines(plan)]


def event_lines(plan: Plan) -> list[str]:
    """One line per event, `⚠` behind those with a warning."""
    notes: dict[str, str] = {}
    for warning in plan.warnings:
        known = notes.get(warning.subject)
        notes[warning.subject] = f"{known}; {warning.message}" if known else warning.message
    listed = plan.events[:MOST_EVENTS]
    lines = [_event_line(event, notes.get(event.subject, "")) for event in listed]
    if len(plan.events) > len(listed):
        lines.append(f"  … and {len(plan.events) - len(listed)} more")
    shown, subjects = {event.subject for event in listed}, {event.subject for event in plan.events}
    for warning in plan.warnings:
        # what executes code is shown however many events there are
        if warning.subject not in (shown if warning.executes else subjects):
            lines.append(f"  ⚠ {warning.subject}: {warning.message}")
    return lines


def counts_line(plan: Plan) -> str:
    """`Plan: 2 to add, 1 to change, 0 to remove.`"""
    return (
        f"Plan: {plan.count('add')} to add, {plan.count('change')} to change, "
        f"{plan.count('remove')} to remove."
    )


def service_lines(plan: Plan) -> list[str]:
    """One line per service that runs or is touched: its files with line counts, and the action."""
    files = {name: list(group) for name, group in groupby(sorted(plan.files, key=_service), key=_service)}
    names = list(dict.fromkeys([*plan.running, *files, *plan.actions]))
    shown = {name: _files_text(files.get(name, [])) for name in names}
    width = max((len(name) for name in names), default=0) + 2
    room = max((len(text) for text in shown.values()), default=0) + 3
    lines = []
    for name in names:
        action = plan.actions.get(name, "")
        tail = action if action and action != Action.NONE else ""
        lines.append(f"  {name:<{width}} {shown[name]:<{room}}{tail}".rstrip())
    return lines


def markdown(plan: Plan) -> str:
    """The plan as a comment on a pull request."""
    if plan.problems:
        rows = "\n".join(map(_problem_row, plan.problems))
        return f"### ✗ This would be refused\n\n{rows}\n"
    body = "\n".join([*event_lines(plan), *service_lines(plan)])
    return f"### {counts_line(plan)}\n\n```\n{body}\n```\n"


def _problem_row(problem: Problem) -> str:
    place = place_of(problem)
    return (
        f"- `{place}` {problem.message}: {problem.cure}" if place else f"- {problem.message}: {problem.cure}"
    )


def _event_line(event: Event, note: str) -> str:
    line = f"  {MARKS[event.effect]} {event.kind:<{KIND_WIDTH}}  {event.subject}"
    detail = detail_of(event)
    if detail:
        line += f" {detail}" if detail.startswith("→") else f"  {detail}"
    return f"{line}   ⚠ {note}" if note else line


def _service(change: FileChange) -> str:
    return change.service


def _files_text(files: list[FileChange]) -> str:
    if not files:
        return "—"
    parts = [_file_text(change) for change in files[:4]]
    more = [f"{len(files) - 4} more"] if len(files) > 4 else []
    return ", ".join(parts + more)


def _file_text(change: FileChange) -> str:
    counts = [f"+{change.added}"] if change.added else []
    counts += [f"−{change.removed}"] if change.removed else []
    return " ".join([change.path.rpartition("/")[2], *counts])
