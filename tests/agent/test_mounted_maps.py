"""A file that somebody mounted over the source of a Postfix map is compiled in its stead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.conftest import World, make_world, restart_agent

SOURCE = "etc/postfix/virtual"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A node where something lies over the table of aliases, before anything is applied."""
    world = make_world(tmp_path)
    for module in ("apply.steps", "apply.recovery"):
        monkeypatch.setattr(f"agent.{module}.mount_points", lambda _root: {SOURCE})
    (tmp_path / SOURCE).parent.mkdir(parents=True)
    (tmp_path / SOURCE).write_text("theirs 1\n")
    return world


def test_the_map_is_made_of_the_mounted_file(mounted: World) -> None:
    """The source stays as it is, the map beside it is what it says."""
    assert mounted.apply(virtual="ours 1\n")["outcome"] == "applied"
    assert mounted.text(SOURCE) == "theirs 1\n"
    assert mounted.text(f"{SOURCE}.lmdb") == "map of theirs 1\n"
    assert mounted.node.observed()["pinned"] == [SOURCE]
    assert not mounted.rubbish()


def test_a_later_version_of_it_is_found(mounted: World) -> None:
    """With the next release, and when the agent starts."""
    mounted.apply()
    (mounted.root / SOURCE).write_text("theirs 2\n")
    mounted.apply(main="main 2\n")
    assert mounted.text(f"{SOURCE}.lmdb") == "map of theirs 2\n"
    (mounted.root / SOURCE).write_text("theirs 3\n")
    assert restart_agent(mounted).text(f"{SOURCE}.lmdb") == "map of theirs 3\n"


def test_one_that_does_not_compile_stands_in_nobodys_way(
    mounted: World, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log says so; the map from before serves on."""
    mounted.apply()
    (mounted.root / SOURCE).write_text("uncompilable\n")
    assert mounted.apply(main="main 2\n")["outcome"] == "applied"
    assert mounted.text(f"{SOURCE}.lmdb") == "map of theirs 1\n"
    assert "a mounted map was not compiled" in capfd.readouterr().err
    assert not mounted.rubbish()
