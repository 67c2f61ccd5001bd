"""Refused edits of the config volume: each is reported once, and replaced by `main` when it goes."""

from __future__ import annotations

import os

import pytest

from agent.config_volume.projection import LARGEST
from agent.config_volume.volume import Volume
from tests.agent.conftest import ControlPlane, World, project

ACCOUNTS = "postfix-accounts.cf"


def again(volume: Volume) -> Volume:
    """What a new agent process makes of the same volume."""
    return Volume(volume.folder, volume.record, volume.daemon)


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "while the agent is away"])
def test_a_taken_back_edit_is_brought_to_main(
    world: World, volume: Volume, daemon: ControlPlane, restarted: bool
) -> None:
    """What was projected before is no edit, and still not what `main` became meanwhile."""
    project(volume, world.repository, one="1\n")
    daemon.refuse = {"one.cf": "line 2 is wrong"}
    (volume.folder / "one.cf").write_text("1\nbad\n")
    assert volume.report()
    project(volume, world.repository, one="1\nby command\n")
    assert not volume.stale
    (volume.folder / "one.cf").write_text("1\n")
    volume = again(volume) if restarted else volume
    assert volume.report()
    assert (volume.stale, volume.refused) == (True, {})
    bring_back(world, volume)
    assert (volume.folder / "one.cf").read_text() == "1\nby command\n"
    assert volume.report()
    assert (volume.stale, len(daemon.asked)) == (False, 1)


def bring_back(world: World, volume: Volume) -> None:
    """As `Watching` does where the volume is stale."""
    with world.node.open() as objects:
        volume.project(objects, volume.main)


def test_a_taken_back_edit_of_a_removed_file_goes(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """`main` lost the file meanwhile: it is not sent as a new one when its edit is taken back."""
    project(volume, world.repository, one="1\n", two="2\n")
    daemon.refuse = {"one.cf": "line 2 is wrong"}
    (volume.folder / "one.cf").write_text("1\nbad\n")
    assert volume.report()
    project(volume, world.repository, two="2\n")
    (volume.folder / "one.cf").write_text("1\n")
    assert volume.report()
    bring_back(world, volume)
    assert not (volume.folder / "one.cf").exists()
    assert len(daemon.asked) == 1


def test_a_bad_file_that_goes_makes_room_for_mains(
    world: World, volume: Volume, daemon: ControlPlane
) -> None:
    """A file that never was projected, since an edit stood in its place, is written when that goes."""
    (volume.folder / "one.cf").write_text("bad\n")
    (volume.folder / "other").write_text("x\n")
    daemon.refuse = {"one.cf": "line 1 is wrong"}
    assert volume.report()
    project(volume, world.repository, one="1\n")
    (volume.folder / "one.cf").unlink()
    assert volume.report()
    assert volume.stale
    bring_back(world, volume)
    assert (volume.folder / "one.cf").read_text() == "1\n"


def test_a_refused_removal_is_undone(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """`main` keeps the file, so the volume gets it back: with what `main` says by now."""
    project(volume, world.repository, one="1\n", two="2\n")
    daemon.refuse = {"one.cf": "this would remove everybody"}
    (volume.folder / "one.cf").write_text("")
    assert volume.report()
    project(volume, world.repository, one="1\nby command\n", two="2\n")
    (volume.folder / "one.cf").unlink()
    assert volume.report()
    assert volume.stale
    bring_back(world, volume)
    assert (volume.folder / "one.cf").read_text() == "1\nby command\n"
    assert volume.report()
    assert (volume.stale, volume.refused) == (False, {})
    assert [change["content"] for change in daemon.asked] == ["", None]


def test_a_refused_edit_is_logged_once_a_version(
    volume: Volume, daemon: ControlPlane, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error with path, reason and cure; again when the file changed and is still wrong."""
    daemon.refuse = {ACCOUNTS: "config/postfix-accounts.cf:2: is there twice; remove one"}
    for text, lines in (("a\n", 1), ("a\n", 0), ("b\n", 1)):
        (volume.folder / ACCOUNTS).write_text(text)
        assert volume.report()
        found = [line for line in capfd.readouterr().err.splitlines() if "edit refused path=" in line]
        assert len(found) == lines
        assert all("postfix-accounts.cf:2: is there twice; remove one" in line for line in found)


def test_a_refused_edit_goes_along_with_the_next(
    volume: Volume, daemon: ControlPlane, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file that it names may come later; while nothing changes it is neither sent nor told again."""
    daemon.refuse = {"postfix-main.cf": "config/postfix-main.cf:1: own.cf does not exist; remove this line"}
    (volume.folder / "postfix-main.cf").write_text(
        "transport_maps = texthash:/tmp/docker-mailserver/own.cf\n"
    )
    assert volume.report()
    assert volume.report()
    assert [change.get("again", False) for change in daemon.asked] == [False]
    capfd.readouterr()
    (volume.folder / "other.cf").write_text("x y\n")
    assert volume.report()
    assert "edit refused" not in capfd.readouterr().err
    assert list(volume.refused) == ["postfix-main.cf"]
    daemon.refuse = {}
    (volume.folder / "own.cf").write_text("x smtp:y\n")
    assert volume.report()
    assert [(change["path"], change.get("again", False)) for change in daemon.asked[-2:]] == [
        ("own.cf", False),
        ("postfix-main.cf", True),
    ]
    assert volume.refused == {}
    assert volume.report()
    assert len(daemon.asked) == 5


def test_what_is_no_file_is_told_once(
    volume: Volume, daemon: ControlPlane, capfd: pytest.CaptureFixture[str]
) -> None:
    """Links to files and folders, pipes and what is too large are in `status`, and in the log once."""
    (volume.folder / "link").symlink_to("/etc/passwd")
    (volume.folder / "outside").symlink_to("/etc")
    (volume.folder / "ssl").symlink_to("/etc")
    os.mkfifo(volume.folder / "pipe")
    with (volume.folder / "large").open("wb") as file:
        file.truncate(LARGEST + 1)
    assert volume.report()
    assert volume.report()
    assert daemon.asked == []
    assert sorted(volume.refused) == ["large", "link", "outside", "pipe"]
    assert "leads out of the folder" in volume.refused["outside"]
    said = capfd.readouterr().err
    for path in volume.refused:
        assert said.count(f"passed over path={path} ") == 1
    (volume.folder / "outside").unlink()
    assert volume.report()
    assert "outside" not in volume.refused


def test_a_folder_in_a_files_place_is_told(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """It is no removal of the file, and no reason to say nothing."""
    project(volume, world.repository, one="1\n", two="2\n")
    (volume.folder / "one.cf").unlink()
    (volume.folder / "one.cf").mkdir()
    assert volume.report()
    assert (daemon.asked, list(volume.refused)) == ([], ["one.cf"])
