"""Imports run one way."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from itertools import chain

import pytest

from tests.architecture.sources import imports, modules, tree

LAYERS = (
    ("wire",),
    ("controlplane.outcomes",),
    ("controlplane.protocol",),
    ("controlplane.errors",),
    (
        "controlplane.ordered",
        "controlplane.addresses",
        "controlplane.plain_text",
        "controlplane.password_schemes",
        "controlplane.timestamps",
        "controlplane.state_volume",
        "controlplane.answers",
        "controlplane.sealing",
        "controlplane.unseal",
        "controlplane.image",
    ),
    ("controlplane.settings",),
    ("controlplane.model",),
    ("controlplane.events", "controlplane.fold", "controlplane.statefiles"),
    (
        "controlplane.git",
        "controlplane.lock",
        "controlplane.log_format",
        "controlplane.event_log",
        "controlplane.log_tail",
        "controlplane.release",
        "controlplane.states",
        "controlplane.secrets",
        "controlplane.verify",
        "controlplane.readmodel",
    ),
    ("renderers",),
    (
        "controlplane.intake.accepted_pushes",
        "controlplane.intake.plan",
        "controlplane.intake.reservations",
        "controlplane.intake.trees",
    ),
    ("controlplane.intake.checks",),
    ("controlplane.intake",),
    ("controlplane.intake.importing", "controlplane.intake.blame", "controlplane.intake.audit"),
    ("controlplane.intake.history",),
    ("controlplane.log_questions",),
    ("controlplane.intake.edits",),
    ("controlplane.words",),
    ("controlplane.recovery",),
    ("controlplane.daemon",),
    ("controlplane.cli.lazy", "controlplane.cli.options", "controlplane.cli.text"),
    ("controlplane.cli.ask",),
    ("controlplane.cli.clone", "controlplane.cli.run"),
    ("controlplane.cli",),
)
"""Lowest first; a module may import its own layer and those below. The longest name that fits it counts."""

RENDERERS_MAY = (
    "controlplane.settings",
    "controlplane.model",
    "controlplane.ordered",
    "controlplane.errors",
    "controlplane.addresses",
    "controlplane.sealing",
)
"""Rendering is pure: it knows the state and nothing of where it is kept."""

ENTRY = "controlplane.daemon.__main__"
"""`python -m controlplane.daemon` starts in the layer above, which reads the environment for it."""

OURS = [name for name in modules() if name.split(".")[0] in ("wire", "controlplane", "renderers")]


def layer(name: str) -> int | None:
    """The index of the layer that a module is in; None for what is not ours."""
    found = [
        (len(member), index)
        for index, members in enumerate(LAYERS)
        for member in members
        if inside(name, (member,))
    ]
    return max(found)[1] if found else None


def module_of(target: str) -> str:
    """Of an import the module, without the name in it; "" for what is not ours."""
    while target and target not in modules():
        target = target.rpartition(".")[0]
    return target


def inside(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the packages or in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("name", [name for name in OURS if name != "controlplane"])
def test_every_module_has_a_layer(name: str) -> None:
    """A new module is put into a layer on purpose."""
    assert layer(name) is not None


@pytest.mark.parametrize("name", [name for name in OURS if name not in ("controlplane", ENTRY)])
def test_imports_run_one_way(name: str) -> None:
    """A module imports its own layer and those below."""
    own = layer(name)
    assert own is not None
    above = [
        target for target in imports(modules()[name]) if (found := layer(target)) is not None and found > own
    ]
    assert not above


@pytest.mark.parametrize("name", [*chain(*LAYERS), *RENDERERS_MAY, ENTRY])
def test_every_layer_exists(name: str) -> None:
    """No layer names a module that is gone."""
    assert name in modules()


def test_no_modules_import_each_other() -> None:
    """No module imports another that leads back to it, inside functions and for types included."""
    arrows = {
        name: {to for target in imports(modules()[name]) if (to := module_of(target))} for name in modules()
    }
    try:
        TopologicalSorter({name: tos - {name} for name, tos in arrows.items()}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("renderers")])
def test_renderers_know_only_the_state(name: str) -> None:
    """Renderers import settings and model, no edge."""
    ours = [target for target in imports(modules()[name]) if target.startswith("controlplane.")]
    assert [target for target in ours if not inside(target, RENDERERS_MAY)] == []


@pytest.mark.parametrize("name", [n for n in modules() if n.split(".")[0] in ("agent", "services", "hooks")])
def test_agent_and_hooks_need_only_the_standard_library(name: str) -> None:
    """What runs as root or before every push imports the standard library and packages that do the same."""
    assert foreign_to(name, {"wire"} if inside(name, ("hooks",)) else {"wire", "agent", "services"}) == []


@pytest.mark.parametrize("name", [n for n in modules() if inside(n, ("wire",))])
def test_wire_needs_only_the_standard_library(name: str) -> None:
    """What all programs share brings nothing else into any of them."""
    assert foreign_to(name, set()) == []


def foreign_to(name: str, others: set[str]) -> list[str]:
    """What a module imports besides the standard library, its own package and others."""
    known = sys.stdlib_module_names | {name.split(".")[0]} | others
    return [target for target in imports(modules()[name]) if target.split(".")[0] not in known]


@pytest.mark.parametrize("name", [n for n in modules() if not inside(n, ("controlplane.git",))])
def test_one_package_talks_to_pygit2(name: str) -> None:
    """pygit2 is imported by controlplane.git alone."""
    assert "pygit2" not in {target.split(".")[0] for target in imports(modules()[name])}


@pytest.mark.parametrize("name", [n for n in OURS if not inside(n, ("controlplane.cli",))])
def test_only_the_command_line_reads_the_environment(name: str) -> None:
    """os.environ and os.getenv are named in controlplane.cli alone."""
    read = [
        node.lineno
        for node in ast.walk(tree(modules()[name]))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    assert read == []
