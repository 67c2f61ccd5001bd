"""Asking services' own checkers about a staged tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.apply.placing import differs, unplaceable
from agent.errors import Problem
from agent.files.staged_tree import StagedTree, changed_services
from agent.release.git_objects import ObjectReader
from agent.release.manifest import Content, Release
from services.base import NodeServices
from wire.manifest import Entry


class Checker:
    """Checks services whose files changed; what has passed once is not checked again."""

    def __init__(
        self,
        root: Path,
        scratch: Path,
        content: Callable[[ObjectReader, Entry], bytes],
        services: NodeServices,
    ) -> None:
        self.root, self.scratch, self._content = root, scratch, content
        self._services = {service.name: service for service in services if service.check}
        self._relocations = {s.name: s.relocate for s in services if s.relocate}
        self._passed: set[str] = set()
        self.checked: list[str] = []

    def __call__(self, objects: ObjectReader, base: Release, target: Release) -> list[Problem]:
        """Problems of the services that differ between two releases."""
        content: Content = lambda entry: self._content(objects, entry)  # noqa: E731
        names = sorted(changed_services(base, target) & self._services.keys())
        todo = [
            name for name in names if target.has(name) and self._key(name, base, target) not in self._passed
        ]
        problems: list[Problem] = []
        if todo or differs(base, target):
            with StagedTree(self.root, self.scratch, content, base, target, self._relocations) as staged:
                problems += unplaceable(staged)
                for name in todo:
                    problems += self._check(staged, name)
        self.checked = names
        return sorted(set(problems))

    def _check(self, staged: StagedTree, name: str) -> list[Problem]:
        service = self._services[name]
        staged.build(name, service.config)
        found = service.check(staged) if service.check else []
        if not found:
            self._passed.add(self._key(name, staged.base, staged.target))
        return found

    def _key(self, name: str, base: Release, target: Release) -> str:
        """What a verdict holds for: the service's configuration and every changed file of it."""
        changed = [e for p, e in target.files.items() if name in e.services and base.files.get(p) != e]
        return target.digest(name) + "".join(sorted(f"{e.path}{e.identity}" for e in changed))
