"""Links within the config volume are followed, as an orchestrator mounts a set of files."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from agent.config_volume.volume import Volume
from agent.files import beneath
from tests.agent.conftest import ControlPlane, World, project

ACCOUNTS = "postfix-accounts.cf"


def mount(folder: Path, version: str, files: dict[str, str]) -> None:
    """Files of a version in a hidden folder, a link to it that is swapped, and links through that."""
    for path, text in files.items():
        target = folder / f"..{version}" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "..new").symlink_to(f"..{version}")
    (folder / "..new").replace(folder / "..data")
    for name in {path.partition("/")[0] for path in files}:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def sent(daemon: ControlPlane) -> dict[str, str]:
    """What was sent since the last call, by path."""
    changes = {c["path"]: base64.b64decode(c["content"] or "").decode() for c in daemon.asked}
    daemon.asked.clear()
    return changes


def test_a_mounted_set_of_files_is_read(volume: Volume, daemon: ControlPlane) -> None:
    """Files and folders through two links, each once and under its own name; a new version is an edit."""
    files = {ACCOUNTS: "a@example.test|hash\n", "rspamd/override.d/x.conf": "one\n"}
    mount(volume.folder, "one", files)
    assert volume.report()
    assert sent(daemon) == files
    assert volume.refused == {}
    mount(volume.folder, "two", files | {ACCOUNTS: "b@example.test|hash\n"})
    assert volume.report()
    assert sent(daemon) == {ACCOUNTS: "b@example.test|hash\n"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/etc/passwd", "leads out of the folder"),
        ("../../etc/passwd", "leads out of the folder"),
        ("sub/../../x", "leads out of the folder"),
        ("missing", "leads nowhere"),
        (".", "a folder that it is in"),
        ("sub", "a folder that it is in"),
        ("a", "too many links"),
    ],
)
def test_other_links_are_told(volume: Volume, daemon: ControlPlane, target: str, reason: str) -> None:
    """What leads out, nowhere or in a circle is in `status`; the other files are read."""
    (volume.folder / "sub").mkdir()
    (volume.folder / "sub/file").write_text("x\n")
    place = "sub/back" if target == "sub" else "a"
    (volume.folder / place).symlink_to("../sub" if target == "sub" else target)
    assert volume.report()
    assert sent(daemon) == {"sub/file": "x\n"}
    assert list(volume.refused) == [place]
    assert reason in volume.refused[place]


def test_an_absolute_link_within_is_followed(volume: Volume, daemon: ControlPlane) -> None:
    """As somebody in the container makes it."""
    (volume.folder / "own").mkdir()
    (volume.folder / "own/file").write_text("x\n")
    (volume.folder / "one.cf").symlink_to(volume.folder / "own/file")
    assert volume.report()
    assert sent(daemon) == {"own/file": "x\n", "one.cf": "x\n"}


def test_main_is_written_through_a_link(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """The link stays and its file gets the content; where `main` removes the file only the link goes."""
    project(volume, world.repository, one="1\n", two="2\n")
    (volume.folder / ".versions").mkdir()
    there = volume.folder / ".versions/one"
    (volume.folder / "one.cf").rename(there)
    (volume.folder / "one.cf").symlink_to(".versions/one")
    assert volume.report()
    assert sent(daemon) == {}
    project(volume, world.repository, one="new\n", two="2\n")
    assert (volume.folder / "one.cf").is_symlink()
    assert there.read_text() == "new\n"
    project(volume, world.repository, two="2\n")
    assert not (volume.folder / "one.cf").is_symlink()
    assert there.read_text() == "new\n"


def test_a_link_that_comes_while_a_file_is_read_is_not_followed(
    volume: Volume, daemon: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who may write the volume must not get a file of root's into the log."""
    secret = tmp_path / "secret"
    secret.write_text("mine\n")
    (volume.folder / "own").write_text("x\n")
    (volume.folder / "one.cf").symlink_to("own")
    real = beneath.resolve

    def swapped(top: Path, path: str) -> str:
        found = real(top, path)
        (volume.folder / "own").unlink(missing_ok=True)
        (volume.folder / "own").symlink_to(secret)
        return found

    monkeypatch.setattr(beneath, "resolve", swapped)
    assert volume.report()
    assert "mine" not in str(sent(daemon))
