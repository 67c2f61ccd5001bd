"""`verify` answers whatever is damaged, with a server and without one, and names what."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlplane.cli.mailctl import program
from controlplane.cli.run import run
from controlplane.daemon.run import build
from controlplane.intake.audit.proof import prove_folder
from tests.daemon.damages import SPOILS, object_path
from tests.daemon.site import Site

OBJECTS = (
    "main",
    "main^{tree}",
    "main:config/postfix-accounts.cf",
    "events",
    "events~2",
    "events^{tree}",
    "events:events.jsonl",
    "events~1:change-set.json",
    "rendered",
    "rendered~1",
    "rendered^{tree}",
    "rendered:mail/manifest.json",
    "rendered~2:mail/etc/dovecot/userdb",
)


@pytest.fixture
def volume(site: Site) -> Site:
    """Three accounts, and a server that is down."""
    for name in ("a", "b", "c"):
        site.add(f"{name}@x.test")
        site.settle()
    site.stop()
    return site


def test_a_whole_volume_is_proved_without_a_server(volume: Site) -> None:
    """With the numbers that the server gives, and nothing of the volume changed."""
    before = {path: path.stat().st_mtime_ns for path in volume.places.root.rglob("*")}
    found = prove_folder(volume.repository).as_dict()
    assert found["ok"], found["findings"]
    assert found["blobs"] > 20
    assert {path: path.stat().st_mtime_ns for path in volume.places.root.rglob("*")} == before
    volume.start()
    again = volume.ask("verify")
    assert again["ok"]
    assert again["positions"] >= found["positions"]


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("what", OBJECTS)
def test_a_damaged_object_is_named(volume: Site, what: str, spoil: str) -> None:
    """By its id and the branch it belongs to; the same while a server runs that was not hurt by it."""
    target = object_path(volume, what)
    SPOILS[spoil](target)
    found = prove_folder(volume.repository)
    oid = target.parent.name + target.name
    named = [line for line in found.findings if oid in line]
    assert named, found.findings
    branch = what.split("~")[0].split(":")[0].split("^")[0]
    assert any(line.startswith("change set" if branch == "events" else branch) for line in named)


@pytest.mark.parametrize("what", ["events~2", "rendered~2:mail/etc/dovecot/userdb", "rendered~1"])
def test_a_running_server_names_it_too(volume: Site, what: str) -> None:
    """What is older than a start looks at."""
    target = object_path(volume, what)
    SPOILS["zero-length"](target)
    volume.daemon = build(volume.places, volume.environment)
    found = volume.ask("verify")
    assert not found["ok"]
    assert any(target.name in line for line in found["findings"]), found["findings"]


@pytest.mark.parametrize("branch", ["main", "events", "rendered"])
@pytest.mark.parametrize("content", [None, b"", b"\xff" * 41])
def test_a_lost_branch_is_named(volume: Site, branch: str, content: bytes | None) -> None:
    """A branch that is gone agrees with nothing."""
    path = volume.repository / "refs/heads" / branch
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = prove_folder(volume.repository)
    assert any(line.startswith(f"{branch}:") for line in found.findings), found.findings


@pytest.mark.parametrize("lost", ["refs", "objects", "HEAD", "config", "logs"])
def test_parts_of_the_repository_may_be_gone(volume: Site, lost: str) -> None:
    """There is an answer; `config` and `logs` alone are nothing that the proof needs."""
    path = volume.repository / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    found = prove_folder(volume.repository)
    assert bool(found.findings) == (lost not in ("config", "logs"))


def test_the_command_reads_a_volume_and_a_mirror(
    volume: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mailctl verify FOLDER` says how much was read; 1 and the object where one is damaged."""
    assert volume.git("clone", "-q", "--mirror", str(volume.repository), "mirror").returncode == 0
    for folder in (volume.places.root, volume.repository, volume.folder / "mirror"):
        assert run(program, "mailctl", ["verify", "--offline", str(folder)]) == 0
        assert "files of rendered read" in capsys.readouterr().err
    target = object_path(volume, "rendered:mail/manifest.json")
    SPOILS["flipped"](target)
    assert run(program, "mailctl", ["verify", str(volume.places.root)]) == 1
    assert target.name in capsys.readouterr().err
    assert run(program, "mailctl", ["verify", str(tmp_path / "nothing")]) != 0
