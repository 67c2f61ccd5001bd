"""The agent's rooms, and that it knows no service."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from services import NODE_SERVICES
from tests.architecture.sources import imports, modules, tree

ROOMS = (
    (
        "agent",
        "agent.errors",
        "agent.log",
        "agent.paths",
        "agent.commands",
        "agent.concurrently",
        "agent.daemon_client",
        "agent.files.beneath",
    ),
    ("agent.release",),
    ("agent.files",),
    ("agent.health",),
    ("agent.canary",),
    ("agent.records",),
    ("services.base",),
    ("agent.certificates",),
    ("agent.apply",),
    ("agent.config_volume",),
    ("agent.reports",),
    ("services",),
    ("agent.start",),
    ("agent.program",),
    ("agent.__main__",),
)
"""Lowest first; a module may import its own room and those below. The longest name that fits it counts."""

OURS = [name for name in modules() if name.split(".")[0] in ("agent", "services")]
CORE = [name for name in OURS if name.split(".")[0] == "agent"]
ORDINARY_WORDS = frozenset({"patches", "system", "tls", "updates"})
"""Names of services that messages may hold as words."""
VOLUME_FILES = frozenset({"postfix-accounts.cf"})
"""Files of the config volume that the agent looks for, under the names that people know."""
PROTOCOL_WORDS = {"agent.health.probes": {"redis"}, "agent.release.manifest": {"tls"}}
"""Words of protocols that are also a service's name: a kind of probe, a field of the manifest."""


def room(name: str) -> int:
    """The index of the room that a module is in. Modules of `agent` itself are named one by one."""
    fitting = [
        (len(member), index)
        for index, members in enumerate(ROOMS)
        for member in members
        if name == member or (name.startswith(f"{member}.") and member != "agent")
    ]
    assert fitting, f"{name} is in no room"
    return max(fitting)[1]


def imported(name: str) -> set[str]:
    """The modules of the agent and its services that one imports, inside functions and for types included."""
    found = set()
    for target in imports(modules()[name]):
        while target and target not in OURS:
            target = target.rpartition(".")[0]
        found.add(target)
    return found - {"", name}


@pytest.mark.parametrize("name", OURS)
def test_imports_go_down(name: str) -> None:
    """A module imports its own room and those below."""
    assert [target for target in imported(name) if room(target) > room(name)] == []


def test_no_modules_import_each_other() -> None:
    """No module imports another that leads back to it."""
    try:
        TopologicalSorter({name: imported(name) for name in OURS}).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


@pytest.mark.parametrize("name", [name for name in CORE if name != "agent.program"])
def test_the_table_of_services_is_handed_on(name: str) -> None:
    """`agent.program` alone imports the services; everything else gets them from it."""
    assert {target for target in imported(name) if target.split(".")[0] == "services"} <= {"services.base"}


@pytest.mark.parametrize("name", CORE)
def test_the_core_names_no_service(name: str) -> None:
    """What is special about a service stands in its folder: no string in the core is its name or has it."""
    names = {service.name for service in NODE_SERVICES} - PROTOCOL_WORDS.get(name, set())
    inside = [word for word in names if word not in ORDINARY_WORDS]
    found = [
        f"{text}:{line}"
        for text, line in strings(name)
        if text in names or (text not in VOLUME_FILES and any(word in text for word in inside))
    ]
    assert found == []


def strings(name: str) -> Iterator[tuple[str, int]]:
    """The strings of a module with their lines, without those that document it."""
    nodes = list(ast.walk(tree(modules()[name])))
    documentation = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value, node.lineno
