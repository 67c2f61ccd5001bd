"""Modules and functions that a person can hold in mind."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.architecture.sources import ROOT, modules, tracked, tree

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MEDIAN_MODULE = 120
MEDIAN_FUNCTION = 10
NINETIETH_FUNCTION = 30

PYTHON = sorted({*modules().values(), *(p for p in tracked() if p.suffix == ".py")})


def function_lengths(path: Path) -> dict[str, int]:
    """Lines of each function, from `def` to its end, without the docstring."""
    return {
        f"{node.name}:{node.lineno}": (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring(node)
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_is_too_long(path: Path) -> None:
    """No module over 400 lines, no function over 60."""
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE
    assert {name: n for name, n in function_lengths(path).items() if n > LONGEST_FUNCTION} == {}


def test_most_are_short() -> None:
    """Medians and the ninetieth percentile of what is shipped stay where reading is easy."""
    lengths = [len(path.read_text().splitlines()) for path in modules().values()]
    functions = [n for path in modules().values() for n in function_lengths(path).values()]
    assert median(lengths) <= MEDIAN_MODULE
    assert median(functions) <= MEDIAN_FUNCTION
    assert quantiles(functions, n=10)[-1] <= NINETIETH_FUNCTION
