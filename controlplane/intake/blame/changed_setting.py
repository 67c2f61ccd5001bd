"""Leads a problem of the server's own lines to the setting of `main` that they were made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from controlplane.errors import Problem
from controlplane.events import Event
from controlplane.intake.trees import Files
from controlplane.statefiles.event_kinds import name_behind, split_name
from controlplane.statefiles.treefile import SETTINGS


def at_setting(problem: Problem, events: Iterable[Event], files: Files) -> Problem:
    """The problem at the line of the one setting that a change sets; as it is where more changes.

    Rendered lines do not name their settings, and the last line of a setting counts.
    """
    if problem.path and not problem.path.startswith("/"):
        return problem
    changed = {name_behind(event.kind, event.subject) for event in events if event.effect != "report"}
    path, name = split_name(changed.pop()) if len(changed) == 1 else ("", "")
    if path != SETTINGS or not name or path not in files:
        return problem
    rows = files[path].content.decode("utf-8", "replace").splitlines()
    found = [number for number, row in enumerate(rows, 1) if row.partition("=")[0].strip() == name]
    if not found:
        return problem
    return replace(problem, path=path, line=found[-1], cure=f"correct {name}")
