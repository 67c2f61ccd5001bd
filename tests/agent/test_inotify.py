"""Watching files: changes are seen at once, and nothing wakes without one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent.config_volume import inotify
from agent.config_volume.inotify import Watch


@pytest.fixture
def watch() -> Watch:
    """A watch of nothing yet."""
    return Watch()


def test_watch_sees_files_in_new_folders(watch: Watch, tmp_path: Path) -> None:
    """A change is seen at once, also below a folder that was made later."""
    watch.add(tmp_path)
    assert watch.changes(0.0) == set()
    (tmp_path / "sub").mkdir()
    assert tmp_path / "sub" in watch.changes(5.0)
    (tmp_path / "sub" / "file").write_text("x")
    assert tmp_path / "sub" / "file" in watch.settle(0.1, 5.0, time.monotonic)
    watch.close()


def test_watch_does_not_follow_links(watch: Watch, tmp_path: Path) -> None:
    """A symlink to a folder is not watched through."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    watch.add(inside)
    (outside / "file").write_text("x")
    assert watch.changes(0.05) == set()
    watch.close()


def test_wake_ends_a_wait(watch: Watch) -> None:
    """A wait for changes returns at once, and the next one waits again."""
    watch.wake()
    start = time.monotonic()
    assert watch.changes(60.0) == set()
    assert time.monotonic() - start < 15
    assert watch.changes(0.01) == set()
    watch.close()


def test_watch_of_a_file_that_is_mounted_by_itself(watch: Watch, tmp_path: Path) -> None:
    """A hard link stands for a bind mount: the change is made under another name."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "acme.json").write_text("{}")
    here = tmp_path / "acme.json"
    here.hardlink_to(tmp_path / "there" / "acme.json")
    watch.add_file(here)
    (tmp_path / "there" / "acme.json").write_text("{ }")
    assert here in watch.changes(5.0)
    watch.close()


def test_one_folder_under_two_names(watch: Watch, tmp_path: Path) -> None:
    """Both names are reported: the kernel knows the folder, not the name that was used."""
    folder = tmp_path / "folder"
    folder.mkdir()
    watch.add(folder)
    watch.add(tmp_path / "." / ".." / tmp_path.name / "folder")
    (folder / "x").write_text("")
    assert folder / "x" in watch.changes(5.0)
    assert len(watch.changes(0.0)) == 0
    watch.close()


def test_watch_looks_anew_after_lost_events(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the kernel's queue ran over, everything watched counts as changed, and new folders are found."""
    watch.add(tmp_path)
    (tmp_path / "new").mkdir()
    monkeypatch.setattr(inotify, "_events", lambda _: [(-1, inotify.OVERFLOW, "")])
    assert watch.changes(5.0) == {tmp_path, tmp_path / "new"}
    assert watch.watches(tmp_path / "new")


def test_watch_ends_with_its_folder(watch: Watch, tmp_path: Path) -> None:
    """A folder that was removed is not watched any more, and can be watched again when it is back."""
    folder = tmp_path / "sub"
    folder.mkdir()
    watch.add(folder)
    folder.rmdir()
    assert folder in watch.changes(5.0)
    assert not watch.watches(folder)
    folder.mkdir()
    watch.add(folder)
    assert watch.watches(folder)
