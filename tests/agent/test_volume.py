"""The config volume: projection, edits, and that the two never chase each other."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.config_volume import replaced
from agent.config_volume.projection import LARGEST
from agent.config_volume.volume import Volume
from agent.files import beneath
from agent.release.git_objects import ObjectReader
from tests.agent.conftest import ControlPlane, World, project
from wire.blobs import blob_id

ACCOUNTS = "postfix-accounts.cf"
LEFT_OVERS = (
    *(".one.cf.swp", "one.cf.swp", ".one.cf.swx", ".#one.cf", "#one.cf#", "one.cf~", "one.cf.bak~", "4913"),
    *("one.cf.bak", "one.cf.orig", "one.cf.rej", "one.cf.tmp", ".mail-agent~one.cf"),
)


def test_projection_is_no_edit(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """What the agent writes to the volume never comes back as an edit."""
    project(volume, world.repository, accounts="a\n", sub__deep="b\n")
    assert (volume.folder / "accounts.cf").read_text() == "a\n"
    assert (volume.folder / "sub/deep.cf").read_text() == "b\n"
    assert volume.report()
    assert daemon.asked == []


def test_only_changed_files_are_written(world: World, volume: Volume) -> None:
    """A file that did not change on main keeps its inode; one that went is removed."""
    project(volume, world.repository, one="1\n", two="2\n", three="3\n")
    before = (volume.folder / "one.cf").stat()
    (volume.folder / "unknown").write_text("kept\n")
    project(volume, world.repository, one="1\n", two="new\n")
    assert (volume.folder / "one.cf").stat() == before
    assert (volume.folder / "two.cf").read_text() == "new\n"
    assert not (volume.folder / "three.cf").exists()
    assert (volume.folder / "unknown").exists()


def test_edit_is_sent_once_with_its_base(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """An edit goes to the daemon with what it was based on, and not again until it changes."""
    project(volume, world.repository, one="1\n")
    (volume.folder / "one.cf").write_text("edited\n")
    assert volume.report()
    assert volume.report()
    (sent,) = daemon.asked
    assert base64.b64decode(sent["content"]) == b"edited\n"
    assert sent["base"] == blob_id(b"1\n")
    project(volume, world.repository, one="edited\n")
    assert volume.report()
    assert len(daemon.asked) == 1


def test_edit_is_not_overwritten(world: World, volume: Volume) -> None:
    """A newer main does not overwrite an edit that the daemon has not taken."""
    project(volume, world.repository, one="1\n")
    (volume.folder / "one.cf").write_text("edited\n")
    project(volume, world.repository, one="2\n")
    assert (volume.folder / "one.cf").read_text() == "edited\n"


def test_removed_file_is_an_edit(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """A file that somebody removed is sent without content; an emptied volume is not a mass removal."""
    project(volume, world.repository, one="1\n", two="2\n")
    (volume.folder / "one.cf").unlink()
    assert volume.report()
    assert [(c["path"], c["content"]) for c in daemon.asked] == [("one.cf", None)]
    (volume.folder / "two.cf").unlink()
    assert volume.report()
    assert len(daemon.asked) == 1


def test_first_start_sends_what_is_there(volume: Volume, daemon: ControlPlane) -> None:
    """Files that were on the volume before the first start have no base."""
    (volume.folder / ACCOUNTS).write_text("a@example.test|hash\n")
    assert volume.report()
    assert [(c["path"], c["base"]) for c in daemon.asked] == [(ACCOUNTS, "")]


def test_private_keys_and_rubbish_stay(volume: Volume, daemon: ControlPlane) -> None:
    """Keys in the clear are named, never sent; what editors leave behind is passed over."""
    (volume.folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nx\n")
    for name in LEFT_OVERS:
        (volume.folder / name).write_text("x")
    assert volume.report()
    assert daemon.asked == []
    assert list(volume.refused) == ["key.pem"]


def test_a_left_over_of_main_is_an_edit(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """Somebody pushed it under that name on purpose."""
    project(volume, world.repository, **{".hidden/one": "1\n", "other": "1\n"})
    (volume.folder / ".hidden/one.cf").write_text("2\n")
    (volume.folder / ".hidden/two.cf").write_text("2\n")
    assert volume.report()
    (volume.folder / ".hidden/one.cf").unlink()
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == [".hidden/one.cf", ".hidden/one.cf"]
    assert daemon.asked[-1]["content"] is None


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nx\n",
    ],
)
def test_a_key_behind_a_passphrase_is_an_edit_like_any(
    volume: Volume, daemon: ControlPlane, key: str
) -> None:
    """The volume takes what a push takes."""
    (volume.folder / "key.pem").write_text(key)
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == ["key.pem"]


def test_certificates_of_the_volume_stay_there(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """Neither sent nor complained of, unless `main` has them: then they are edits like any other."""
    (volume.folder / "ssl").mkdir()
    (volume.folder / "ssl/cert.cf").write_text("-----BEGIN CERTIFICATE-----\nx\n")
    (volume.folder / "ssl/key.cf").write_text("-----BEGIN PRIVATE KEY-----\nx\n")
    assert volume.report()
    assert (daemon.asked, volume.refused) == ([], {})
    project(volume, world.repository, **{"ssl/cert": "another\n", "ssl/key": "sealed\n"})
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == ["ssl/cert.cf"]
    assert list(volume.refused) == ["ssl/key.cf"]


def test_refused_edit_is_reported_until_fixed(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """A refused edit stays as it is, with its reason, until the file is right again."""
    project(volume, world.repository, one="1\n")
    (volume.folder / "one.cf").write_text("bad\n")
    daemon.refuse = {"one.cf": "line 1 is wrong"}
    assert volume.report()
    assert volume.refused == {"one.cf": "line 1 is wrong"}
    (volume.folder / "one.cf").write_text("1\n")
    assert volume.report()
    assert volume.refused == {}


def test_edit_waits_for_the_daemon(volume: Volume, daemon: ControlPlane) -> None:
    """An edit made while the daemon is away is sent when it is back."""
    (volume.folder / "one.cf").write_text("x\n")
    daemon.away = True
    assert not volume.report()
    daemon.away = False
    assert volume.report()
    assert len(daemon.asked) == 1


def test_projection_never_leaves_the_volume(world: World, volume: Volume, tmp_path: Path) -> None:
    """A folder that is a symlink out of the volume is not written through."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (volume.folder / "sub").symlink_to(outside)
    project(volume, world.repository, sub__deep="b\n")
    assert list(outside.iterdir()) == []


def test_what_cannot_be_read_is_not_gone(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """A projected file that became a link, a pipe or too large is named, and not sent as removed."""
    project(volume, world.repository, link="1\n", pipe="2\n", large="3\n", plain="4\n")
    for name in ("link", "pipe", "large"):
        (volume.folder / f"{name}.cf").unlink()
    (volume.folder / "link.cf").symlink_to("/etc/passwd")
    os.mkfifo(volume.folder / "pipe.cf")
    with (volume.folder / "large.cf").open("wb") as file:
        file.truncate(LARGEST + 1)
    assert volume.report()
    assert daemon.asked == []
    assert sorted(volume.refused) == ["large.cf", "link.cf", "pipe.cf"]


def test_names_that_cannot_be_recorded_stay(volume: Volume, daemon: ControlPlane) -> None:
    """A name with a newline or with bytes that are no text is passed over, and the others are sent."""
    (volume.folder / "a\nb.cf").write_text("x\n")
    (volume.folder / os.fsdecode(b"\xff.cf")).write_text("x\n")
    (volume.folder / "one.cf").write_text("x\n")
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == ["one.cf"]
    assert len(volume.refused) == 2


def test_vanishing_edit_does_not_lose_another(
    volume: Volume, daemon: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that goes while edits are read leaves the other edits to be sent."""
    (volume.folder / "one.cf").write_text("x\n")
    (volume.folder / "two.cf").write_text("x\n")
    read = beneath.read

    def vanish(top: Path, path: str, most: int) -> tuple[bytes, os.stat_result]:
        if path == "two.cf":
            raise FileNotFoundError(path)
        return read(top, path, most)

    monkeypatch.setattr(beneath, "read", vanish)
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == ["one.cf"]
    monkeypatch.undo()
    assert volume.report()
    assert [change["path"] for change in daemon.asked] == ["one.cf", "two.cf"]


def test_projection_writes_through_no_planted_link(world: World, volume: Volume, tmp_path: Path) -> None:
    """A link where a file is built or stands is replaced or left alone, never written through."""
    outside = tmp_path / "outside"
    outside.write_text("mine\n")
    (volume.folder / ".mail-agent~one.cf").symlink_to(outside)
    (volume.folder / "two.cf").symlink_to(outside)
    project(volume, world.repository, one="1\n", two="2\n")
    assert outside.read_text() == "mine\n"
    assert (volume.folder / "one.cf").read_text() == "1\n"
    assert not (volume.folder / "one.cf").is_symlink()


def test_one_obstacle_does_not_stop_the_projection(world: World, volume: Volume) -> None:
    """A file in a folder's place, or links in a circle, cost only what lies there."""
    (volume.folder / "aa").write_text("x\n")
    (volume.folder / "ab").symlink_to("ab")
    project(volume, world.repository, aa__deep="1\n", ab__deep="2\n", zz="3\n")
    assert (volume.folder / "zz.cf").read_text() == "3\n"
    assert "not writable" in volume.note


def test_a_taken_edit_is_the_next_base(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """What main made of an edit replaces it, although the commit between the two was never projected."""
    project(volume, world.repository, one="1\n")
    (volume.folder / "one.cf").write_text("1\nedited\n")
    assert volume.report()
    project(volume, world.repository, one="1\nedited\nby command\n")
    assert (volume.folder / "one.cf").read_text() == "1\nedited\nby command\n"
    assert volume.report()
    assert len(daemon.asked) == 1


def test_a_removed_file_does_not_come_back(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """Another change, projected before the removal was seen, leaves it removed; a new volume is filled."""
    project(volume, world.repository, one="1\n", two="2\n")
    (volume.folder / "one.cf").unlink()
    project(volume, world.repository, one="1\n", two="new\n")
    assert not (volume.folder / "one.cf").exists()
    assert volume.report()
    assert [(c["path"], c["content"]) for c in daemon.asked] == [("one.cf", None)]
    (volume.folder / "two.cf").unlink()
    project(volume, world.repository, one="1\n", two="new\n")
    assert (volume.folder / "one.cf").exists()
    assert (volume.folder / "two.cf").exists()


def test_a_folder_becomes_a_file_and_a_folder_again(world: World, volume: Volume) -> None:
    """What main makes of a name is projected both ways, through empty folders too."""
    for files in ({"a.cf__b__c": "1\n"}, {"a": "2\n"}, {"a.cf__d": "3\n"}, {"a": "4\n"}):
        project(volume, world.repository, **files)
        assert volume.note == ""
        found = {
            p.relative_to(volume.folder).as_posix(): p.read_text()
            for p in volume.folder.rglob("*")
            if p.is_file()
        }
        assert found == {f"{name.replace('__', '/')}.cf": text for name, text in files.items()}


def test_a_folder_with_somebodys_file_stays(world: World, volume: Volume) -> None:
    """Nothing of theirs is removed; the file of main is held back, and status says why."""
    project(volume, world.repository, **{"a.cf__b": "1\n"})
    (volume.folder / "a.cf/own.bin").write_text("mine")
    project(volume, world.repository, a="2\n")
    assert (volume.folder / "a.cf/own.bin").read_text() == "mine"
    volume.report()
    assert "is a folder where" in volume.refused["a.cf"]
    (volume.folder / "a.cf/own.bin").unlink()
    project(volume, world.repository, a="3\n")
    assert (volume.folder / "a.cf").read_text() == "3\n"


def test_an_edited_file_in_a_folders_place_stays(world: World, volume: Volume) -> None:
    """The other way round: main has a folder now, and the file was edited here."""
    project(volume, world.repository, a="1\n")
    (volume.folder / "a.cf").write_text("edited")
    project(volume, world.repository, **{"a.cf__b": "2\n"})
    assert (volume.folder / "a.cf").read_text() == "edited"
    assert "a.cf" in volume.note


def _slow(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Something happens between the look at the old file and the rename over it."""
    real = ObjectReader.blob

    def blob(objects: ObjectReader, name: str) -> bytes:
        meanwhile()
        return real(objects, name)

    monkeypatch.setattr(ObjectReader, "blob", blob)


def test_what_is_appended_while_a_file_is_replaced_is_an_edit(
    world: World, volume: Volume, daemon: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not replaced then, and goes to the daemon with what it was based on."""
    project(volume, world.repository, one="1\n")
    there = volume.folder / "one.cf"
    with monkeypatch.context() as patch:
        _slow(patch, lambda: there.write_text("1\nappended\n"))
        project(volume, world.repository, one="2\n")
    assert there.read_text() == "1\nappended\n"
    assert volume.report()
    assert [(base64.b64decode(c["content"]), c["base"]) for c in daemon.asked] == [
        (b"1\nappended\n", blob_id(b"1\n"))
    ]


def test_a_file_that_comes_while_it_is_written_is_kept(
    world: World, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody had it when the agent looked."""
    there = volume.folder / "one.cf"
    _slow(monkeypatch, lambda: there.write_text("mine\n"))
    project(volume, world.repository, one="1\n")
    assert there.read_text() == "mine\n"


def test_what_is_written_to_a_replaced_file_is_an_edit(
    world: World, volume: Volume, daemon: ControlPlane
) -> None:
    """Whoever opened a file before it was replaced loses nothing, although no path leads there any more."""
    project(volume, world.repository, one="1\n", two="1\n")
    with (volume.folder / "one.cf").open("a") as file, (volume.folder / "two.cf").open("a") as key:
        project(volume, world.repository, one="2\n", two="2\n")
        file.write("appended\n")
        key.write("-----BEGIN PRIVATE KEY-----\nx\n")
    daemon.away = True
    assert not volume.report()
    daemon.away = False
    assert volume.report()
    assert [(c["path"], base64.b64decode(c["content"]), c["base"]) for c in daemon.asked] == [
        ("one.cf", b"1\nappended\n", blob_id(b"1\n"))
    ]
    assert (volume.folder / "one.cf").read_text() == "2\n"
    assert volume.report()
    assert len(daemon.asked) == 1


def _handles() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_few_replaced_files_stay_open(world: World, volume: Volume) -> None:
    """A release that changes thousands of files does not run out of handles."""
    names = [f"f{number}" for number in range(2 * replaced.MOST)]
    project(volume, world.repository, **dict.fromkeys(names, "1\n"))
    before = _handles()
    project(volume, world.repository, **dict.fromkeys(names, "2\n"))
    assert _handles() <= before + replaced.MOST
    assert volume.report()
    assert _handles() <= before
