"""The `shows` marks of all tests, read from their source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

Shown = Mapping[str, tuple[str, ...]]
"""Name as the mark has it → the tests, `integration/test_x.py::test_y`, in order."""


def collect(folder: Path = ROOT / "tests") -> Shown:
    """Every name that a mark below `folder` shows; raises TypeError for a mark that cannot be read."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if "shows(" not in source:
            continue
        for test, names in _of_module(ast.parse(source, str(path)), path.relative_to(folder).as_posix()):
            for name in names:
                found[name].add(test)
    return {name: tuple(sorted(tests, key=_rank)) for name, tests in sorted(found.items())}


def _rank(test: str) -> tuple[bool, str]:
    """Tests of whole servers come first: they show most."""
    return not test.startswith("integration/"), test


def _of_module(module: ast.Module, path: str) -> Iterator[tuple[str, list[str]]]:
    everywhere = list(_pytestmark(module, path))
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            of_class = [*everywhere, *_decorators(node, path)]
            inner = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            yield from _of_functions(inner, of_class, path)
        elif isinstance(node, ast.FunctionDef):
            yield from _of_functions([node], everywhere, path)


def _of_functions(
    nodes: list[ast.FunctionDef], inherited: list[str], path: str
) -> Iterator[tuple[str, list[str]]]:
    for node in nodes:
        if node.name.startswith("test_"):
            yield f"{path}::{node.name}", [*inherited, *_decorators(node, path)]


def _pytestmark(module: ast.Module, path: str) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            for mark in marks:
                yield from _names(mark, path)


def _decorators(node: ast.FunctionDef | ast.ClassDef, path: str) -> list[str]:
    """The names on a test; also those in `pytest.param(…, marks=pytest.mark.shows(…))`."""
    calls = (each for decorator in node.decorator_list for each in ast.walk(decorator))
    return [name for call in calls for name in _names(call, path)]


def _names(mark: ast.AST, path: str) -> Iterator[str]:
    if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.shows":
        return
    for argument in mark.args:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise TypeError(f"{path}:{argument.lineno}: shows() takes plain texts, for the page")
        yield argument.value
