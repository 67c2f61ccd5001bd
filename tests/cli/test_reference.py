"""The commands' documentation."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from controlplane.cli.mailctl import program as mailctl
from controlplane.cli.reference import page, walk
from controlplane.cli.setup import program as setup

ROOT = Path(__file__).parents[2]
COMMANDS = [(" ".join(path), command) for p in (setup, mailctl) for path, command in walk(p, [str(p.name)])]


def test_the_page_is_fresh() -> None:
    """docs/reference/commands.md is what the help says today."""
    written = (ROOT / "docs/reference/commands.md").read_text()
    assert written == page(), "run: python -m controlplane.cli.reference > docs/reference/commands.md"


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_command_and_option_is_explained(path: str, command: click.Command) -> None:
    """A command has a help text, and so has each of its options."""
    assert command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts}"


@pytest.mark.parametrize("path", [path for path, command in COMMANDS if not isinstance(command, click.Group)])
def test_every_command_is_in_the_guide(path: str) -> None:
    """docs/usage.md shows each command in use."""
    assert path in (ROOT / "docs/usage.md").read_text()
