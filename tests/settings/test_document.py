"""The reference page and the first mailserver.env are what the fields say."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.settings import document
from controlplane.settings.catalog import SETTINGS
from controlplane.statefiles import env_file
from controlplane.statefiles.tree import TreeFile, read_tree

TEMPLATE = document.ROOT / "state-repo-template"


@pytest.mark.parametrize("path", document.outputs(), ids=lambda path: path.name)
def test_derived_files_are_fresh(path: Path) -> None:
    """Run `python -m controlplane.settings.document` where this fails."""
    assert path.read_text("utf-8") == document.outputs()[path]


def test_page_has_a_section_for_each_setting() -> None:
    """Every setting can be linked to."""
    page = document.reference_page()
    assert [line[4:] for line in page.splitlines() if line.startswith("### ")] == list(SETTINGS)


def test_example_is_sound_and_sets_little() -> None:
    """The first mailserver.env has every setting, most of them in comments, none of them without effect."""
    parsed = env_file.parse(document.example_env())
    assert parsed.problems == ()
    assert parsed.rows == document.FIRST_START
    assert all(SETTINGS[name].supports(value) for name, value in parsed.rows.items())


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in document.FIRST_START])
def test_a_commented_line_can_be_used(name: str) -> None:
    """Without its #, the example line of a setting is its default."""
    text = document.example_env().replace(f"\n#{name}=", f"\n{name}=")
    parsed = env_file.parse(text)
    assert parsed.problems == ()
    assert parsed.rows[name] == SETTINGS[name].default


def test_template_is_a_valid_main() -> None:
    """A new state repository starts without a problem, an account or an override."""
    files = {
        str(path.relative_to(TEMPLATE)): TreeFile(path.read_bytes(), 0o100644)
        for path in TEMPLATE.rglob("*")
        if path.is_file()
    }
    desired, problems = read_tree(files)
    assert problems == ()
    assert desired.settings == document.FIRST_START
    assert not desired.accounts
    assert not desired.aliases
    assert not desired.overrides


def test_check_tells_stale_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` fails where a file is stale, and writing them makes it pass."""
    monkeypatch.setattr(document, "ROOT", tmp_path)
    assert document.main(["--check"]) == 1
    assert "docs/reference/settings.md" in capsys.readouterr().err
    assert document.main([]) == 0
    assert document.main(["--check"]) == 0
