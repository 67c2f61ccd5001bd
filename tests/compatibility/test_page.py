"""The page that says what is there, what comes later, and which test shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compatibility import scope
from tests.compatibility.guides import GUIDES
from tests.compatibility.marks import collect
from tests.compatibility.page import PAGE, page

SHOWN = collect()


def test_the_page_is_fresh() -> None:
    """Run `python -m tests.compatibility` where this fails."""
    assert PAGE.read_text("utf-8") == page(SHOWN)


def test_marks_name_what_there_is() -> None:
    """A name in a mark is a setting, a file, a command or a guide; a misspelt one would show nothing."""
    assert scope.unknown(SHOWN) == []


def test_every_name_is_told_apart() -> None:
    """A mark is about one thing."""
    names = [entry.name for entry in scope.entries(SHOWN)]
    assert len(names) == len(set(names))


def test_commands_that_exist_are_on_the_page() -> None:
    """No command of `setup` is forgotten in the table."""
    assert scope.existing() <= set(scope.COMMANDS)


def test_commands_that_come_later_say_so_themselves() -> None:
    """The page and `setup help` announce the same ones, with the same parts of the server."""
    assert scope.announced() == scope.LATER_COMMANDS


def test_guides_are_all_there() -> None:
    """Each page of the documentation has a row."""
    assert len(GUIDES) == 49


@pytest.mark.parametrize("entry", [e for e in scope.entries(SHOWN) if e.supported], ids=lambda e: e.name)
def test_supported_is_shown(entry: scope.Entry) -> None:
    """What is called supported has a test that shows it."""
    assert entry.tests


def test_the_mail_core_is_whole() -> None:
    """What is later comes with something that is not there yet at all; nothing is owed besides."""
    assert [entry.name for entry in scope.entries(SHOWN) if entry.state == scope.OWED] == []


def test_marks_are_read_everywhere(tmp_path: Path) -> None:
    """On a module, a class, a function and a parameter; a mark that is made of code is refused."""
    (tmp_path / "test_a.py").write_text(
        'pytestmark = [pytest.mark.integration, pytest.mark.shows("A")]\n'
        '@pytest.mark.shows("B", "C")\ndef test_one(): ...\n'
        '@pytest.mark.shows("D")\nclass TestThem:\n    def test_two(self): ...\n    def no_test(self): ...\n'
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.shows("E"))])\n'
        "def test_three(x): ...\n"
    )
    assert collect(tmp_path) == {
        "A": ("test_a.py::test_one", "test_a.py::test_three", "test_a.py::test_two"),
        "B": ("test_a.py::test_one",),
        "C": ("test_a.py::test_one",),
        "D": ("test_a.py::test_two",),
        "E": ("test_a.py::test_three",),
    }
    (tmp_path / "test_b.py").write_text("@pytest.mark.shows(NAME)\ndef test_one(): ...\n")
    with pytest.raises(TypeError, match="plain texts"):
        collect(tmp_path)
