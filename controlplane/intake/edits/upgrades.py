"""Edits that bring files of a service into the form of the version that serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from controlplane.errors import Problem, Refused
from controlplane.git import Change
from controlplane.intake.edits.arguments import Arguments
from controlplane.intake.edits.texts import put
from controlplane.intake.trees import Files
from controlplane.statefiles.treefile import CONFIG
from renderers import SERVICES
from renderers.service import Service


def _upgrade(service: Service, files: Files, _given: Arguments) -> Mapping[str, Change]:
    """Rewrite each file of a service; raises Refused with every line that has no other form."""
    changes: dict[str, Change] = {}
    problems = []
    for path, file in files.items():
        if not path.startswith(CONFIG):
            continue
        found = service.upgraded(path.removeprefix(CONFIG), file.content)
        if found is None:
            continue
        problems += [Problem(path, each.line, each.message, each.cure) for each in found.problems]
        changes |= put(files, path, found.content)
    if problems:
        raise Refused(problems)
    return changes


COMMANDS: Mapping[str, Callable[[Files, Arguments], Mapping[str, Change]]] = {
    f"{service.name}.upgrade": partial(_upgrade, service) for service in SERVICES
}
"""`NAME.upgrade` for each service."""
