"""What the container's start repairs of the state volume, with folders of this account."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "image/rootfs/usr/local/lib/mailserver/volumes"
ME = f"{pwd.getpwuid(os.getuid()).pw_name} {grp.getgrgid(os.getgid()).gr_name}"
FOLDERS = f"""\
d STATE 0755
d STATE/kept 0700 {ME}
Z STATE/kept - {ME}
d STATE/plain 0755 {ME}
d STATE/bare
d /run/elsewhere 0755
"""


@dataclass
class Volume:
    """A state volume and what the start says of it."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    def modes(self) -> dict[str, int]:
        """Each folder's access."""
        return {each.name: each.stat().st_mode & 0o7777 for each in self.state.iterdir() if each.is_dir()}

    def start(self) -> list[str]:
        """Run the script as mailserver-start does; the repairs."""
        text = SCRIPT.read_text()
        for name, place in (("STATE", "state"), ("PARTS", "parts"), ("REPAIRS", "repairs")):
            line = next(line for line in text.splitlines() if line.startswith(f"readonly {name}="))
            text = text.replace(line, f"readonly {name}={self.root / place}")
        repairs = self.root / "repairs"
        repairs.unlink(missing_ok=True)
        words = 'set -eu\numask 022\nsay() { echo "$*" >&2; }\n' + text + "\nprepare_volumes || true\necho on"
        done = subprocess.run(["bash"], input=words, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "on\n"
        found = repairs.read_text().splitlines() if repairs.exists() else []
        assert done.stderr.splitlines() == [f"! {each}" for each in found]
        return [each.replace(str(self.state), "") for each in found]


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """A volume that has been started on once."""
    made = Volume(tmp_path)
    for folder in ("parts/base", "parts/services/x"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "parts/base/folders.conf").write_text(FOLDERS.replace("STATE", str(made.state)))
    (tmp_path / "parts/services/x/folders.conf").write_text("")
    (tmp_path / "parts/services/x/prepare").write_text("touch ${STATE}/prepared")
    assert made.start() == []
    return made


MADE = {"kept": 0o700, "plain": 0o755, "bare": 0o755}


def test_folders_are_made_once(volume: Volume) -> None:
    """With their access, before the services' own steps; a second start has nothing to do."""
    assert volume.modes() == MADE
    assert (volume.state / "prepared").exists()
    assert volume.start() == []
    assert volume.modes() == MADE


def test_access_is_restored(volume: Volume) -> None:
    """Of a folder silently, of what lies in one that is wholly an account's as a repair."""
    (volume.state / "kept").chmod(0o755)
    (volume.state / "plain").chmod(0o700)
    assert volume.start() == []
    assert volume.modes() == MADE
    file = volume.state / "kept/file"
    file.touch()
    file.chmod(0o000)
    me = ME.split()[0]
    assert volume.start() == [f"/kept/file was not for {me} to use: /kept was made so again"]
    assert file.stat().st_mode & 0o600 == 0o600
    assert volume.modes() == MADE


@pytest.mark.parametrize("name", MADE)
def test_what_lies_in_a_folders_place_is_moved_aside(volume: Volume, name: str) -> None:
    """A file or a dangling link; a folder that is lost is made again."""
    folder = volume.state / name
    folder.rmdir()
    folder.write_text("mine")
    assert volume.start() == [f"/{name} was no folder: it is kept as /{name}.damaged, and was made anew"]
    assert (volume.state / f"{name}.damaged").read_text() == "mine"
    assert volume.modes() == MADE
    folder.rmdir()
    assert volume.start() == []
    assert volume.modes() == MADE
