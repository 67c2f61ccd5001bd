"""The page that says what is there and what comes later."""

from __future__ import annotations

import pytest

from controlplane.cli.reference import walk
from controlplane.cli.setup import program
from controlplane.settings import compatibility
from controlplane.settings.catalog import SETTINGS
from tests.daemon.site import ROOT

THERE = {" ".join(path) for path, command in walk(program, ["setup"]) if not hasattr(command, "table")}


def test_the_page_is_fresh() -> None:
    """Run `python -m controlplane.settings.compatibility` where this fails."""
    assert compatibility.PAGE.read_text("utf-8") == compatibility.page()
    assert compatibility.main(["--check"]) == 0


def test_the_page_names_every_setting() -> None:
    """Each is in one of its tables."""
    text = compatibility.page()
    assert [name for name in SETTINGS if f"| `{name}` |" not in text] == []


def test_the_commands_are_as_the_page_says() -> None:
    """Supported are those that there are, no more and no fewer."""
    assert {name for name, there in compatibility.COMMANDS.items() if there} == THERE


@pytest.mark.parametrize("name", [name for name, there in compatibility.FILES.items() if there])
def test_supported_files_are_known_to_the_code(name: str) -> None:
    """A file that is called supported is named in the code that reads it."""
    stem = ".dovecot.sieve" if name.endswith(".dovecot.sieve") else name.rstrip("/")
    sources = [*(ROOT / "renderers").rglob("*.py"), *(ROOT / "controlplane").rglob("*.py")]
    texts = [path.read_text() for path in sources if path.name != "compatibility.py"]
    assert any(stem in text for text in texts)
