"""What no tracked file may hold, and what every module must."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, tracked, tree

FORBIDDEN = {
    "an index's address": re.compile(r"--(?:extra-)?index-url\b|--find-links\b|https?://\S+/simple\b"),
    "a path of somebody's machine": re.compile(r"/home/\w+/|/root/\.|/Users/\w+/"),
    "a merge's leftover": re.compile(r"^(?:<<<<<<<|>>>>>>>) ", re.MULTILINE),
    "a debugger": re.compile(r"\bbreakpoint\(\)|\bpdb\.set_trace"),
}
TASK = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
REASONED = re.compile(r"\bTODO\([^)]+\): \S+")

PYTHON_FILE = re.compile(r"(?<![\w./-])(?:[a-z_]+/)*[a-z_]+\.py\b")

HERE = Path(__file__)


def texts() -> list[Path]:
    """Tracked files that are text, without this one, which names what it forbids."""
    return [path for path in tracked() if path != HERE and b"\0" not in path.read_bytes()[:4096]]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds_it(what: str) -> None:
    """Files read the same on every machine and name no registry."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts()
        if (match := FORBIDDEN[what].search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []


def test_a_task_left_open_has_a_reason() -> None:
    """An open task in the code is written `TODO(why): what`, or is not there."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules().values()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if TASK.search(line) and not REASONED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("name", modules())
def test_modules_and_public_classes_say_what_they_are(name: str) -> None:
    """A module with code, and each public class, has a docstring."""
    module = tree(modules()[name])
    assert not module.body or ast.get_docstring(module), "the module"
    silent = [
        node.name
        for node in module.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize(
    "path", sorted({*modules().values(), *GUIDES}), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_file_that_is_named_exists(path: Path) -> None:
    """Docstrings, comments and guides name no Python file that was renamed or removed."""
    known = [f"/{tracked_file.relative_to(ROOT).as_posix()}" for tracked_file in tracked()]
    named = set(PYTHON_FILE.findall(path.read_text(encoding="utf-8")))
    assert sorted(name for name in named if not any(file.endswith(f"/{name}") for file in known)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: p.name)
def test_tests_say_what_they_hold(path: Path) -> None:
    """Each test has a docstring, and none is skipped, expected to fail, or sleeps."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("skip", "skipif", "xfail", "importorskip"), node.lineno
            assert not (node.attr == "sleep" and path.name != "test_texts.py"), node.lineno
