"""What the texts and the code of the commands may name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from renderers import SERVICES
from tests.architecture.sources import ROOT, modules, tracked, tree

CLI = [name for name in modules() if name.startswith(("controlplane.cli", "controlplane.words"))]
PATH = re.compile(r"(?<![\w/.])/(?:etc|run|tmp|usr|var)/[\w./-]*\w")


def texts_of(name: str) -> Iterator[str]:
    """The string constants of a module, parts of f-strings included."""
    for node in ast.walk(tree(modules()[name])):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def known() -> str:
    """What the image's files and the pages say, in one text."""
    files = [path for path in tracked() if path.is_relative_to(ROOT / "image") or path.suffix == ".md"]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


@pytest.mark.parametrize("name", CLI)
def test_paths_are_those_of_the_image(name: str) -> None:
    """A file of the container that a command names is one that the image has or a page tells of."""
    paths = {path for text in texts_of(name) for path in PATH.findall(text)}
    assert sorted(path for path in paths if not re.search(rf"{re.escape(path)}(?![\w-])", known())) == []


@pytest.mark.parametrize("name", CLI)
def test_no_service_is_named(name: str) -> None:
    """Commands show services as the daemon names them; what is one service's own is asked of the agent."""
    of_commands = {
        id(word) for node in ast.walk(tree(modules()[name])) for word in words_of_the_command_line(node)
    }
    named = [
        f"{node.value} in line {node.lineno}"
        for node in ast.walk(tree(modules()[name]))
        if isinstance(node, ast.Constant)
        and node.value in {service.name for service in SERVICES}
        and id(node) not in of_commands
    ]
    assert named == []


def words_of_the_command_line(node: ast.AST) -> list[ast.expr]:
    """Names of commands, which may be those of services: keys of a table, and what a command calls itself."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [key for key, value in pairs if key and "controlplane.cli." in ast.unparse(value)]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("command", "LazyGroup")):
        return [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
    return []
