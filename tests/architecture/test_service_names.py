"""What services there are is known to their folders and tables alone."""

from __future__ import annotations

import ast

import pytest

from renderers import SERVICES
from tests.architecture.sources import imports, modules, tree

NAMES = {service.name for service in SERVICES}
NAMELESS = ("controlplane.intake", "controlplane.cli", "controlplane.words")


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith(NAMELESS)])
def test_no_service_is_named(name: str) -> None:
    """No string of intake or a command is a service's name, and no module there imports its folder."""
    strings = {
        node.value
        for node in ast.walk(tree(modules()[name]))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    folders = [target for target in imports(modules()[name]) if target.split(".")[:1] == ["renderers"]]
    assert strings & NAMES == set()
    assert [folder for folder in folders if folder.split(".")[1] in NAMES] == []
