"""What ends, acts and compiles has one spelling: the members of enums, which both sides import."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from controlplane.outcomes import ChangeOutcome
from tests.architecture.sources import modules, tree
from wire.manifest import Action, Compile, ProbeKind, Switch
from wire.outcomes import OutcomeKind

OUTCOMES = frozenset({*OutcomeKind, *ChangeOutcome})
HARDNESS = frozenset({*Action, *Switch})
NAMED = {
    "outcome": OUTCOMES,
    "action": HARDNESS,
    "compile": frozenset(Compile),
    "kind": frozenset({*OUTCOMES, *ProbeKind}),
}
"""Words by the name of what holds them: a key, an argument, or the other side of a comparison."""
HOME = ("wire.manifest", "wire.outcomes", "controlplane.outcomes")


def words(node: ast.AST | None) -> Iterator[ast.Constant]:
    """The bare strings that are the value of an expression, or a member of one that lists them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node
    for each in node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else ():
        yield from words(each)
    for each in node.values if isinstance(node, ast.BoolOp) else ():
        yield from words(each)


def name_of(node: ast.AST) -> str:
    """How an expression calls what it stands for: `outcome` for `x.outcome`, for `x.get("outcome")` …"""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return name_of(node.slice)
    if isinstance(node, ast.Call):
        get = isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args
        return name_of(node.args[0] if get else node.func)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def named(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Pairs of a name and what is compared with it, given as it, or held by it."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        yield from ((name_of(one), other) for one in sides for other in sides if one is not other)
    elif isinstance(node, ast.Dict):
        yield from ((name_of(key), value) for key, value in zip(node.keys, node.values, strict=True) if key)
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Call):
        yield from ((name_of(node), argument) for argument in node.args[:1])


def bare(module: ast.Module) -> Iterable[str]:
    """Words of the enums that a module spells out where one of their members belongs."""
    for node in ast.walk(module):
        for name, value in named(node):
            yield from (f"{w.lineno}: {w.value}" for w in words(value) if w.value in NAMED.get(name, ()))
        if isinstance(node, ast.Tuple | ast.List | ast.Set) and len(node.elts) > 1:
            found = list(words(node))
            if len(found) == len(node.elts) and all(word.value in OUTCOMES for word in found):
                yield f"{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("name", sorted(modules().keys() - set(HOME)))
def test_no_word_is_spelled_out(name: str) -> None:
    """Where an outcome, an action, a compiler or a probe's kind is meant."""
    assert list(bare(tree(modules()[name]))) == []


@pytest.mark.parametrize(
    "code",
    [
        'x["outcome"] == "applied"',
        'y.outcome in ("held", other)',
        'f(action="reload")',
        '{"outcome": "rejected"}',
        'engine.outcome("applied", x)',
        'x.get("compile") != "postmap"',
        'FAILED = ("rejected", "rolled_back")',
        'probe.kind == "tcp"',
    ],
)
def test_a_bare_word_is_found(code: str) -> None:
    """In the ways that were in use."""
    assert list(bare(ast.parse(code)))
