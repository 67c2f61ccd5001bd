"""What a change will do, before it is done: events, files that change, actions on services."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from controlplane.errors import Problem
from controlplane.events import Event, SettingChanged
from controlplane.events.base import Effect
from controlplane.protocol.plans import PlanRow
from controlplane.release import line_changes
from controlplane.sealing import PREFIX
from controlplane.settings import catalog
from controlplane.statefiles.secret_words import holds_login
from renderers.release import NodeTree, NodeTrees
from renderers.service import CertificateFile, RenderedFile
from wire.actions import action_of, harder
from wire.manifest import Action, Switch

AnyFile = RenderedFile | CertificateFile
_HARDNESS = (*Action, *Switch)
"""The hardest action on any node is shown."""


class FileChange(NamedTuple):
    """A rendered file that changes, with the numbers of added and removed lines (a moved line is neither)."""

    path: str
    service: str
    added: int
    removed: int


class Notice(NamedTuple):
    """A warning about an event (by its subject), which stops nothing.

    `executes`: the change brings something that runs as root or executes code.
    """

    subject: str
    message: str
    executes: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The effect of a change set, shown before it happens; `running` names the services that stay up."""

    events: tuple[Event, ...] = ()
    files: tuple[FileChange, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def different(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.events or self.files)

    def count(self, effect: Effect) -> int:
        """How many events have this effect."""
        return sum(event.effect == effect for event in self.events)


def compare(old: NodeTrees | None, new: NodeTrees) -> tuple[tuple[FileChange, ...], dict[str, str]]:
    """The files that differ on any node, and the hardest of what that does to each service."""
    files: dict[FileChange, None] = {}
    actions: dict[str, str] = {}
    for node, tree in new.items():
        changes, needed = _compare_node((old or {}).get(node), tree)
        files |= dict.fromkeys(changes)
        for service, action in needed.items():
            actions[service] = max(actions.get(service, action), action, key=_HARDNESS.index)
    return tuple(files), actions


def _compare_node(old: NodeTree | None, new: NodeTree) -> tuple[list[FileChange], dict[str, str]]:
    """The files that differ on one node, and what that does to each service."""
    before: Mapping[str, AnyFile] = old.files if old else {}
    files: list[FileChange] = []
    actions: dict[str, Action] = {}
    for path in sorted({*before, *new.files}):
        a, b = before.get(path), new.files.get(path)
        if a is b or a == b:
            continue
        tree = new if b is not None else old
        assert tree is not None  # noqa: S101  # the path came from one of the two
        owner = tree.owner_of(path)
        added, removed = line_changes(_text(a), _text(b))
        files.append(FileChange(path, owner, added, removed))
        for service in _services(b or a, owner):
            actions[service] = harder(actions.get(service, Action.NONE), _action(a, b))
    return files, dict(actions) | _started_and_stopped(old, new)


def running(trees: NodeTrees) -> tuple[str, ...]:
    """The services that run on any of the nodes, in start order."""
    return tuple(dict.fromkeys(service for tree in trees.values() for service in _running_on(tree)))


def _running_on(tree: NodeTree) -> list[str]:
    order: list[str] = json.loads(tree.manifest)["order"]
    return order


def detail_of(event: Event) -> str:
    """The detail of an event as people may see it: without the values of secret settings."""
    if isinstance(event, SettingChanged):
        spec = catalog.SETTINGS.get(event.name)
        if spec is not None and spec.secret:
            return "(secret)" if event.new is not None else "(secret) → (default)"
        if any(value and (holds_login(value) or PREFIX in value) for value in (event.old, event.new)):
            return "(a URL with a secret)"
    return event.detail


def as_dict(plan: Plan) -> PlanRow:
    """The plan as plain values, for JSON; contents and password hashes are left out."""
    return {
        "events": [
            {"kind": e.kind, "effect": e.effect, "subject": e.subject, "detail": detail_of(e)}
            for e in plan.events
        ],
        "files": [
            {"path": c.path, "service": c.service, "added": c.added, "removed": c.removed} for c in plan.files
        ],
        "actions": dict(plan.actions),
        "add": plan.count("add"),
        "change": plan.count("change"),
        "remove": plan.count("remove"),
        "warnings": [
            {"subject": w.subject, "message": w.message, "executes": w.executes} for w in plan.warnings
        ],
        "problems": [problem.as_dict() for problem in plan.problems],
    }


def _text(file: AnyFile | None) -> bytes:
    if file is None:
        return b""
    return file.content if isinstance(file, RenderedFile) else file.identity.encode()


def _services(file: AnyFile | None, owner: str) -> Iterable[str]:
    if isinstance(file, CertificateFile):
        return file.services
    return (file.readers if file else ()) or (owner, *(file.also if file else ()))


def _action(old: AnyFile | None, new: AnyFile | None) -> Action:
    file = new or old
    if file is None:
        return Action.NONE
    if isinstance(old, RenderedFile) and isinstance(new, RenderedFile):
        return action_of(file.action, new.restart_on, old.content, new.content)
    return file.action


def _started_and_stopped(old: NodeTree | None, new: NodeTree) -> dict[str, str]:
    before, after = (_running_on(old) if old else []), _running_on(new)
    started: dict[str, str] = {service: Switch.START for service in after if service not in before}
    return started | {service: Switch.STOP for service in before if service not in after}
