"""Commands that messages and pages name exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controlplane.cli.mailctl import program as mailctl
from controlplane.cli.setup import program as setup
from tests.architecture.sources import ROOT, modules, tree

NAMED = re.compile(r"(?<![\w./-])(setup|mailctl)((?: [a-z][a-z0-9-]*)+)")
QUOTED = re.compile(r"`([^`\n]+)`")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = {"setup": setup, "mailctl": mailctl}


def unknown(text: str) -> str:
    """The first command in a piece of code that does not exist; empty where all do."""
    for program, words in NAMED.findall(text):
        command: click.Command = PROGRAMS[program]
        for word in words.split():
            if not isinstance(command, click.Group):
                break  # an argument
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"{program}{words}"
            command = found
    return ""


def texts(path: Path) -> Iterator[str]:
    """What a module says in backticks, in its strings and their parts, docstrings included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from QUOTED.findall(node.value)


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_message_names_commands_that_exist(module: str) -> None:
    """Advice that cannot be followed is worse than none."""
    assert [wrong for text in texts(modules()[module]) if (wrong := unknown(text))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_commands_that_exist(page: Path) -> None:
    """In backticks, and in the blocks of commands."""
    text = page.read_text()
    blocks = [line.partition("#")[0] for line in text.splitlines() if line.startswith("    ")]
    assert [wrong for each in (*QUOTED.findall(text), *blocks) if (wrong := unknown(each))] == []
