"""No use of a value in a template can go unnoticed: without it, some rendered state is different.

The flip test asks whether a setting changes its services at all. A setting that is used in two places would
pass it with one of them gone; so here each expression, condition and loop of each template goes in turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jinja2
import pytest

import renderers
from controlplane.model import State
from controlplane.settings.catalog import SETTINGS
from renderers import SERVICES, text
from renderers.service import RenderedFile, Service
from tests.renderers.states import CASES, state

ROOT = Path(renderers.__file__).parent
EXPRESSION = re.compile(r"\{\{.*?\}\}")
CONDITION = re.compile(r"\{% (el)?if .*? %\}")
LOOP = re.compile(r"\{% for (.*?) in .*? %\}")


class Mutation(NamedTuple):
    """A template with one use taken out."""

    template: str
    line: int
    use: str
    source: str


def mutations() -> Iterator[Mutation]:
    for path in sorted(ROOT.glob("*/templates/**/*")):
        if path.is_file():
            yield from _of(path.relative_to(ROOT).as_posix(), path.read_text())


def _of(template: str, source: str) -> Iterator[Mutation]:
    for found in EXPRESSION.finditer(source):
        yield _without(template, source, found, "")
    for found in CONDITION.finditer(source):
        for constant in ("true", "false"):
            yield _without(template, source, found, f"{{% {found[1] or ''}if {constant} %}}")
    for found in LOOP.finditer(source):
        yield _without(template, source, found, f"{{% for {found[1]} in () %}}")


def _without(template: str, source: str, found: re.Match[str], instead: str) -> Mutation:
    line = source.count("\n", 0, found.start()) + 1
    mutated = source[: found.start()] + instead + source[found.end() :]
    return Mutation(template, line, f"{found[0]} → {instead or 'nothing'}", mutated)


def flips() -> Iterator[State]:
    """The states of the flip test."""
    for name, spec in SETTINGS.items():
        if spec.consumers:
            yield state(dict(spec.requires), accounts=("user1@example.test",))
            yield state({**spec.requires, name: spec.sample}, accounts=("user1@example.test",))


STATES = (*CASES.values(), *flips())


def rendered(service: Service, of: State) -> dict[str, bytes]:
    files = service.render(of) if service.enabled(of) else ()
    return {file.path: file.content for file in files if isinstance(file, RenderedFile)}


def differs(service: Service, before: list[dict[str, bytes]]) -> bool:
    """Whether any state is rendered otherwise now; a template that breaks shows too."""
    try:
        return any(rendered(service, of) != was for of, was in zip(STATES, before, strict=True))
    except jinja2.UndefinedError:
        return True


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_use_in_a_template_shows(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking out any one expression, condition or loop changes what some state is rendered to."""
    before = [rendered(service, of) for of in STATES]
    environment = text._environment.overlay(cache_size=0)
    monkeypatch.setattr(text, "_environment", environment)
    unseen = []
    for mutation in mutations():
        if not mutation.template.startswith(f"{service.name}/"):
            continue
        changed = {mutation.template: mutation.source}
        loaders = [jinja2.DictLoader(changed), jinja2.FileSystemLoader(ROOT)]
        monkeypatch.setattr(environment, "loader", jinja2.ChoiceLoader(loaders))
        if not differs(service, before):
            unseen.append(f"{mutation.template}:{mutation.line}: {mutation.use}")
    assert not unseen
