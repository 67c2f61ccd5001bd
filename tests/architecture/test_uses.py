"""Everything that is shipped is used by what is shipped."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest

from tests.architecture.sources import modules, tree

LONGEST_NAME = 60
"""Characters of a string that may name something, as a dispatch by name does; longer ones are prose."""


def named(module: ast.Module) -> Iterator[str]:
    """The names that a module uses: imports without use and `__all__` only pass them on."""
    passed_on = {
        id(part)
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets)
        for part in ast.walk(node.value)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.alias) and node.asname:
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_on:
            yield from re.findall(r"\w+", node.value) if len(node.value) < LONGEST_NAME else ()


@cache
def used() -> frozenset[str]:
    """Every name that shipped code uses."""
    return frozenset(name for path in modules().values() for name in named(tree(path)))


def hooks(module: ast.Module) -> Iterator[str]:
    """The methods by which a class of ours takes the place of one of the standard library's."""
    for node in ast.walk(module):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            place, _, name = ast.unparse(base.value if isinstance(base, ast.Subscript) else base).rpartition(
                "."
            )
            if place in sys.stdlib_module_names:
                yield from dir(getattr(import_module(place), name))


@pytest.mark.parametrize("name", modules())
def test_nothing_public_is_for_tests_alone(name: str) -> None:
    """Each public function, method and class is named somewhere in shipped code."""
    module = tree(modules()[name])
    defined = {
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }
    assert sorted(defined - used() - set(hooks(module))) == []
