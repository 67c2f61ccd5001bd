"""What the pages link to and name is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, tracked, tree

RECORDS = (ROOT / "docs/decisions", ROOT / "CHANGELOG.md")
"""Texts that tell of their own time: what they name may have moved since."""
GENERATED = ROOT / "docs/reference"
"""Their generators have tests of their own, and shorten paths."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
CLASS = re.compile(r"`([A-Z][a-z]\w+)(?:\.(\w+))?`")
NO_CONSTANTS = {"NAME"}
PLACEHOLDER = re.compile(r"<\w+>|\b[A-Z]{4,}\b")


def pages() -> dict[str, Path]:
    """All tracked Markdown pages, by their path in the repository."""
    return {path.relative_to(ROOT).as_posix(): path for path in tracked() if path.suffix == ".md"}


def living() -> dict[str, Path]:
    """Pages that describe the repository as it is."""
    left_out = (*RECORDS, GENERATED)
    return {name: path for name, path in pages().items() if not any(path.is_relative_to(o) for o in left_out)}


def named_paths(text: str) -> set[str]:
    """What a page names that begins with a folder of the repository, also in commands and code."""
    tops = sorted({path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT})
    pattern = rf"(?<![\w./~-])(?:{'|'.join(map(re.escape, tops))})/[\w./<>*-]*"
    return {found.rstrip(".") for found in re.findall(pattern, text)}


def headings(path: Path) -> set[str]:
    """The anchors of a page: its headings in lower case, words joined by hyphens (GitHub's form)."""
    lines = (line.lstrip("#").strip() for line in path.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("name", pages())
def test_links_lead_somewhere(name: str) -> None:
    """Each relative link names a file of the repository, and one of its headings where it has an anchor."""
    page = pages()[name]
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if "://" in link or (path.exists() and (not anchor or anchor in headings(path))):
            continue
        broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", living())
def test_named_paths_exist(name: str) -> None:
    """Files and folders that a page names are there; `NAME` and `<noun>` stand for any name."""
    missing = []
    for path in sorted(named_paths(living()[name].read_text(encoding="utf-8"))):
        pattern = PLACEHOLDER.sub("*", path)
        if not any(ROOT.glob(pattern)):
            missing.append(path)
    assert missing == []


@pytest.mark.parametrize("name", living())
def test_named_tests_and_programs_exist(name: str) -> None:
    """`tests/….py::test_name` is a test of that file, and `python -m name` a module of the repository."""
    text = living()[name].read_text(encoding="utf-8")
    tests = [(path, test) for path, test in re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)]
    assert [test for path, test in tests if f"def {test}(" not in (ROOT / path).read_text()] == []
    programs = [module.replace(".", "/") for module in re.findall(r"python -m ([\w.]+)", text)]
    files = ("{}.py", "{}/__main__.py")
    assert [
        name for name in programs if not any((ROOT / file.format(name)).is_file() for file in files)
    ] == []


@cache
def classes() -> dict[str, set[str]]:
    """The shipped classes, each with the names of its methods and attributes."""
    found: dict[str, set[str]] = {}
    for path in modules().values():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                parts = [part for part in ast.walk(node) if part is not node]
                names = {part.name for part in parts if isinstance(part, ast.FunctionDef)}
                names |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
                found.setdefault(node.name, set()).update(names)
    return found


def test_the_architecture_names_what_is_there() -> None:
    """Classes in code spans exist, and so do their methods and attributes."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    unknown = [
        f"{name}.{member}" if member else name
        for name, member in CLASS.findall(page)
        if name not in classes() or (member and member not in classes()[name])
    ]
    assert unknown == []


def test_the_architecture_names_every_thread() -> None:
    """Each module that starts a thread or a timer is in the page's tables."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    starts = re.compile(r"\bthreading\.(?:Thread|Timer)\(|\bThreading\w*Server\b")
    found = [
        path.relative_to(ROOT).as_posix() for path in modules().values() if starts.search(path.read_text())
    ]
    assert [name for name in found if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_tables_that_are_named_exist(name: str) -> None:
    """A constant in a code span, such as `OPS`, is assigned in some module."""
    sources = [path.read_text(encoding="utf-8") for path in modules().values()]
    constants = (
        set(re.findall(r"`([A-Z]{2,}[A-Z_]*)`", (ROOT / name).read_text(encoding="utf-8"))) - NO_CONSTANTS
    )
    assert [
        each for each in constants if not any(f"\n{each}:" in s or f"\n{each} =" in s for s in sources)
    ] == []
