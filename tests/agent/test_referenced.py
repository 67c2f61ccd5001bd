"""Files of the config volume that a release has: placed first, put back, found again, never over an edit."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.apply.engine import Request
from agent.config_volume.volume import Volume
from agent.release.git_objects import ObjectReader
from tests.agent.conftest import ControlPlane, World, entry, restart_agent

PLACE = "tmp/docker-mailserver/"
TABLE = f"{PLACE}own.cf"
MAIN = "etc/postfix/main.cf"
OTHERS = {
    "etc/postfix/virtual": "a b\n",
    "etc/dovecot/dovecot.conf": "x = 1\n",
    "etc/dovecot/userdb": "a:b\n",
}


@pytest.fixture(autouse=True)
def _joined(world: World, volume: Volume) -> None:
    """The node places files on the volume, as the agent does."""
    world.node.volume = volume
    volume.placed = lambda: world.node.placed


def served(world: World, main: str, table: str | None, compiler: str = "") -> str:
    """Apply a release with this main.cf and, unless None, this table; the outcome."""
    contents = {MAIN: main, **OTHERS} | ({} if table is None else {TABLE: table})
    rows = {path: entry(path) for path in contents}
    if table is not None:
        rows[TABLE] |= {"service": "referenced", "services": ["postfix"], "compile": compiler}
    request = world.repository.release(contents, files=rows)
    return str(world.engine.apply(request)["outcome"])


def on_main(world: World, volume: Volume, files: Mapping[str, str]) -> None:
    """Project a `main` whose config/ has these files."""
    commit = world.repository.commit({f"config/{name}": text.encode() for name, text in files.items()})
    with ObjectReader(world.repository.folder) as objects:
        volume.project(objects, commit)


def test_a_file_is_placed_and_its_readers_reload(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """Both when it comes and when it alone changes; nobody's edit comes of it."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    world.programs.calls.clear()
    assert served(world, "m = 1\n", "two\n") == "applied"
    assert (volume.folder / "own.cf").read_text() == "two\n"
    assert world.programs.calls
    assert volume.report()
    assert daemon.asked == []


def test_a_failed_release_takes_its_file_back(world: World, volume: Volume) -> None:
    """And so it stays, although `main` has the new one."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    world.broken.add("m = bad")
    assert served(world, "m = bad\n", "two\n") == "rolled_back"
    assert (volume.folder / "own.cf").read_text() == "one\n"
    on_main(world, volume, {"own.cf": "two\n"})
    assert (volume.folder / "own.cf").read_text() == "one\n"
    world.broken.clear()
    assert served(world, "m = 2\n", "two\n") == "applied"
    assert (volume.folder / "own.cf").read_text() == "two\n"


def test_a_file_goes_after_its_reference(world: World, volume: Volume) -> None:
    """With the projection, once the release without it serves; a failed one keeps it."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    on_main(world, volume, {"own.cf": "one\n", "other.cf": "x\n"})
    world.broken.add("m = bad")
    assert served(world, "m = bad\n", None) == "rolled_back"
    on_main(world, volume, {"other.cf": "x\n"})
    assert (volume.folder / "own.cf").read_text() == "one\n"
    world.broken.clear()
    assert served(world, "m = 2\n", None) == "applied"
    assert (volume.folder / "own.cf").exists()
    on_main(world, volume, {"other.cf": "x\n"})
    assert not (volume.folder / "own.cf").exists()


def test_what_is_missing_is_placed_again(world: World, volume: Volume) -> None:
    """Where the same release is asked for once more, as `mailctl reconcile` does."""
    assert served(world, "m = 1\n", "one\n", "postmap:hash") == "applied"
    request = Request(world.node.applied.commit, world.node.applied.number, retry=True)
    (volume.folder / "own.cf.db").unlink()
    assert world.engine.apply(request)["outcome"] == "applied"
    assert (volume.folder / "own.cf.db").exists()
    (volume.folder / "own.cf").unlink()
    assert world.engine.apply(request)["outcome"] == "applied"
    assert (volume.folder / "own.cf").read_text() == "one\n"


def test_an_edit_is_not_replaced(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """It goes to the daemon as always, based on what was placed before."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    (volume.folder / "own.cf").write_text("mine\n")
    assert served(world, "m = 1\n", "two\n") == "applied"
    assert (volume.folder / "own.cf").read_text() == "mine\n"
    assert volume.report()
    assert [row["path"] for row in daemon.asked] == ["own.cf"]


def test_an_edit_on_its_way_is_not_undone(world: World, volume: Volume) -> None:
    """The daemon has it, its release does not serve yet, and another one is projected."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    on_main(world, volume, {"own.cf": "one\n"})
    (volume.folder / "own.cf").write_text("mine\n")
    assert volume.report()
    on_main(world, volume, {"own.cf": "mine\n"})
    assert (volume.folder / "own.cf").read_text() == "mine\n"


def test_a_refused_edit_is_set_aside(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """The release's text is read there again, by services that reload; nobody's text is lost."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    on_main(world, volume, {"own.cf": "one\n"})
    volume.rewritten.clear()
    (volume.folder / "own.cf").write_text("bad\n")
    daemon.refuse["own.cf"] = "no"
    assert volume.report()
    assert volume.stale
    on_main(world, volume, {"own.cf": "one\n"})
    assert (volume.folder / "own.cf").read_text() == "one\n"
    assert (volume.folder / "own.cf.rej").read_text() == "bad\n"
    assert volume.rewritten == {"own.cf"}


def test_a_lost_volume_has_its_files_before_anything_starts(
    world: World, volume: Volume, daemon: ControlPlane
) -> None:
    """And what else is missing from it is no removal."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    on_main(world, volume, {"own.cf": "one\n", "other.cf": "x\n"})
    for path in volume.folder.iterdir():
        path.unlink()
    restart_agent(world, lambda _: world)
    assert (volume.folder / "own.cf").read_text() == "one\n"
    assert volume.stale
    assert volume.report()
    assert daemon.asked == []
    on_main(world, volume, {"own.cf": "one\n", "other.cf": "x\n"})
    assert (volume.folder / "other.cf").read_text() == "x\n"


def test_an_emptied_volume_is_noticed(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """At the next look, also where folders are left; nothing is reported as removed."""
    assert served(world, "m = 1\n", "one\n") == "applied"
    files = {"own.cf": "one\n", "sub/other.cf": "x\n"}
    on_main(world, volume, files)
    volume.rewritten.clear()
    for path in list(volume.folder.rglob("*.cf")):
        path.unlink()
    assert volume.report()
    assert (daemon.asked, volume.stale) == ([], True)
    on_main(world, volume, files)
    assert {p.relative_to(volume.folder).as_posix() for p in volume.folder.rglob("*.cf")} == set(files)
    assert volume.rewritten == {"own.cf"}


def test_a_removed_folder_is_made_again(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """Where nothing is mounted there somebody may remove all of it."""
    on_main(world, volume, {"one.cf": "x\n"})
    (volume.folder / "one.cf").unlink()
    volume.folder.rmdir()
    assert volume.report()
    assert (daemon.asked, volume.stale) == ([], True)
    on_main(world, volume, {"one.cf": "x\n"})
    assert (volume.folder / "one.cf").exists()


def test_a_renamed_file_is_no_emptied_volume(world: World, volume: Volume, daemon: ControlPlane) -> None:
    """The only file of `main` under another name is two changes."""
    on_main(world, volume, {"one.cf": "x\n"})
    (volume.folder / "one.cf").rename(volume.folder / "two.cf")
    assert volume.report()
    assert [(row["path"], row["content"] is None) for row in daemon.asked] == [
        ("one.cf", True),
        ("two.cf", False),
    ]


@pytest.mark.parametrize(("compiler", "ending"), [("postmap", ".lmdb"), ("postmap:hash", ".db")])
def test_tables_are_compiled_beside(world: World, volume: Volume, compiler: str, ending: str) -> None:
    """And compiled back with the file."""
    assert served(world, "m = 1\n", "one\n", compiler) == "applied"
    assert (volume.folder / f"own.cf{ending}").read_text() == "map of one\n"
    world.broken.add("m = bad")
    assert served(world, "m = bad\n", "two\n", compiler) == "rolled_back"
    assert (volume.folder / f"own.cf{ending}").read_text() == "map of one\n"
    world.broken.clear()
    assert served(world, "m = 2\n", None) == "applied"
    on_main(world, volume, {"other.cf": "x\n"})
    assert [path.name for path in volume.folder.iterdir()] == ["other.cf"]
