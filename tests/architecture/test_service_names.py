"""What services there are is known to their folders and tables alone."""

from __future__ import annotations

import ast

import pytest

from renderers import SERVICES
from tests.architecture.sources import imports, modules, tree

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
    """No string there is a service's name: what is shown of one comes from the state or the agent."""
    strings = {
        node.value
        for node in ast.walk(tree(modules()[name]))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert strings & NAMES == set()


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("controlplane")])
def test_no_folder_of_a_service_is_imported(name: str) -> None:
    """The control plane knows what all services have in common, which stands beside their folders."""
    folders = [target for target in imports(modules()[name]) if target.split(".")[:1] == ["renderers"]]
    assert [folder for folder in folders if folder.split(".")[1] in NAMES] == []
