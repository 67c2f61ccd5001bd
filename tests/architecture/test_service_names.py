"""What services there are is known to their folders and tables alone."""

from __future__ import annotations

import ast

import pytest

from renderers import SERVICES
from tests.architecture.sources import imports, modules, tree, words_of_the_command_line

NAMES = {service.name for service in SERVICES}
NAMELESS = (
    "controlplane.intake",
    "controlplane.cli",
    "controlplane.words",
    "controlplane.recovery",
    "controlplane.daemon",
)


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith(NAMELESS)])
def test_no_service_is_named(name: str) -> None:
    """No string there is a service's name, but a command's: what is shown of one comes from elsewhere."""
    nodes = list(ast.walk(tree(modules()[name])))
    commands = {id(word) for node in nodes for word in words_of_the_command_line(node)}
    strings = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in commands
    }
    assert strings & NAMES == set()


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("controlplane")])
def test_no_folder_of_a_service_is_imported(name: str) -> None:
    """The control plane knows what all services have in common, which stands beside their folders."""
    folders = [target for target in imports(modules()[name]) if target.split(".")[:1] == ["renderers"]]
    assert [folder for folder in folders if folder.split(".")[1] in NAMES] == []
