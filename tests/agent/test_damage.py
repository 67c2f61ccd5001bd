"""Whatever is lost or damaged on the state volume, the next start serves the last good files and says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.apply.keeping import Keeping
from agent.apply.rescue import look_again
from agent.certificates.slots import CertificateSlots
from agent.certificates.store import Certificates
from agent.config_volume.volume import Volume
from agent.daemon_client import DaemonClient
from agent.release.git_objects import ObjectReader
from tests.agent.conftest import ControlPlane, World, git, make_world, project, restart_agent, sample

MAIN, USERDB = "etc/postfix/main.cf", "etc/dovecot/userdb"


@pytest.fixture
def kept(served: World) -> World:
    """A node that serves release 2, with its copies."""
    Keeping(served.node).keep()
    assert served.apply(userdb="userdb 2\n")["outcome"] == "applied"
    Keeping(served.node).keep()
    served.programs.calls.clear()
    return served


def new_container(world: World) -> None:
    """Nothing is left of what lay below /etc and /run."""
    for name in ("etc", "run"):
        shutil.rmtree(world.root / name, ignore_errors=True)


def path_of(world: World, name: str) -> Path:
    """The loose object of any name that git understands."""
    identity = git(world.repository.folder, "rev-parse", name)
    return world.repository.folder / "objects" / identity[:2] / identity[2:]


def lose(path: Path) -> None:
    """Nothing is left of it."""
    path.chmod(0o600)
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def empty(path: Path) -> None:
    """A file of no length, as a power cut leaves one."""
    path.chmod(0o600)
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """The first half."""
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """One bit in the middle."""
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def make_folder(path: Path) -> None:
    """A folder in its place."""
    path.unlink()
    path.mkdir()


def garble(path: Path) -> None:
    """Still JSON, and nothing of the kind."""
    path.write_text('{"commit": 5, "number": "x", "id": [], "rows": {}}')


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "lost": lose,
    "empty": empty,
    "cut": cut,
    "flipped": flip,
    "a folder": make_folder,
    "garbled": garble,
}
OBJECTS = ("", ":mail", ":mail/manifest.json", ":mail/" + MAIN)


def is_served(after: World, userdb: str = "userdb 2\n") -> None:
    """Every file of the release lies there and its programs run."""
    assert after.node.release.services
    assert after.text(MAIN) == "main 1\n"
    assert after.text(USERDB) == userdb
    assert {"dovecot", "postfix"} <= after.programs.running


def parts(after: World) -> set[str]:
    """What is reported as repaired or damaged."""
    report = after.node.findings.report()
    return {str(row["part"]) for rows in report.values() for row in rows}


@pytest.mark.parametrize("fresh", [False, True], ids=["restarted", "fresh"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_of_the_applied_release_is_recalled(kept: World, damage: str, fresh: bool) -> None:
    """The copy of what served says which release it was; the repair is reported, no outcome is made up."""
    before = kept.node.applied
    outcomes = kept.node.journal.outcomes()
    DAMAGES[damage](kept.node.journal.folder / "applied.json")
    if fresh:
        new_container(kept)
    after = restart_agent(kept)
    is_served(after)
    assert after.node.applied.commit == before.commit
    assert "agent" in parts(after)
    assert after.node.journal.outcomes() == outcomes
    again = restart_agent(after)
    assert again.node.applied.commit == before.commit
    assert len(again.node.findings.repairs) == 1


@pytest.mark.parametrize("fresh", [False, True], ids=["restarted", "fresh"])
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("damage", ["lost", "empty", "cut", "flipped"])
def test_a_damaged_object_of_the_applied_release_is_read_from_the_copy(
    kept: World, damage: str, name: str, fresh: bool
) -> None:
    """Mail is served from the last good files, and status names the object."""
    DAMAGES[damage](path_of(kept, kept.node.applied.commit + name))
    if fresh:
        new_container(kept)
    after = restart_agent(kept)
    is_served(after)
    if fresh or not name.endswith(MAIN):
        assert parts(after)
    assert after.node.journal.failure() is None


@pytest.mark.parametrize("fresh", [False, True], ids=["restarted", "fresh"])
def test_without_a_state_repository_the_copy_is_served(kept: World, fresh: bool) -> None:
    """The whole repository is gone."""
    shutil.rmtree(kept.repository.folder)
    if fresh:
        new_container(kept)
    after = make_world_without_repository(kept.root)
    from agent.apply.recovery import recover, serve_applied

    assert serve_applied(after.engine, recover(after.engine)) == ""
    is_served(after)
    assert "the applied release" in parts(after)


def make_world_without_repository(root: Path) -> World:
    """As `make_world`, which would make one."""
    world = make_world(root)
    shutil.rmtree(world.repository.folder)
    return world


def test_without_copies_and_records_the_newest_release_is_read_from_git(kept: World) -> None:
    """A release that git can read is better than none; the daemon brings the right one later."""
    git(kept.repository.folder, "update-ref", "refs/heads/rendered", _numbered(kept))
    cut(path_of(kept, kept.node.applied.commit))
    shutil.rmtree(kept.node.journal.folder / "serving")
    new_container(kept)
    is_served(restart_agent(kept), "userdb 7\n")


def _numbered(world: World) -> str:
    release = world.repository.release(sample(userdb="userdb 7\n"))
    tree = git(world.repository.folder, "rev-parse", f"{release.commit}^{{tree}}")
    return git(world.repository.folder, "commit-tree", tree, stdin=b"Release 7\n\nRelease: 7\n")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_an_attempt_that_is_taken_back(kept: World, damage: str) -> None:
    """An unknown half of a release is in place: all is as applied again, and services restart."""
    kept.node.journal.open({"id": "x", "rows": []})
    DAMAGES[damage](kept.node.journal.folder / "journal.json")
    (kept.root / MAIN).write_text("half done\n")
    after = restart_agent(kept)
    is_served(after)
    assert not (after.node.journal.folder / "journal.json").exists()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["quarantine.json", "failure.json", "outcomes"])
def test_other_records_are_begun_anew(kept: World, name: str, damage: str) -> None:
    """Damaged records are set aside and reported; the agent goes on."""
    store = kept.node.journal
    store.set_quarantine([{"commit": "x", "number": 1, "service": "s", "digest": "d", "reason": "r"}])
    store.set_failure({"id": "x", "outcome": "rejected", "release": 1, "commit": "x", "serving": 1})
    path = store.folder / name
    DAMAGES[damage](next(path.glob("*.json")) if path.is_dir() else path)
    after = restart_agent(kept)
    is_served(after)
    after.node.journal.quarantine(), after.node.journal.failure(), after.node.journal.outcomes()
    assert (damage == "lost") or "agent" in parts(after)


def test_a_file_in_the_place_of_the_outcomes_folder_is_put_aside(kept: World) -> None:
    """The file is replaced by a folder, and outcomes are kept again."""
    shutil.rmtree(kept.node.journal.folder / "outcomes")
    (kept.node.journal.folder / "outcomes").write_text("")
    after = restart_agent(kept)
    assert after.apply(userdb="userdb 3\n")["outcome"] == "applied"
    assert len(after.node.journal.outcomes()) == 1


def test_what_nobody_has_any_more_stays_as_it_is_on_disk(kept: World) -> None:
    """Neither git nor the copy has a file: the one on disk serves, is no drift, and is named."""
    identity = git(kept.repository.folder, "rev-parse", f"{kept.node.applied.commit}:mail/{MAIN}")
    cut(path_of(kept, identity))
    shutil.rmtree(kept.node.journal.folder / "serving")
    (kept.root / MAIN).write_text("main by hand\n")
    after = restart_agent(kept)
    assert after.text(MAIN) == "main by hand\n"
    assert {"dovecot", "postfix"} <= after.programs.running
    assert f"object {identity}" in parts(after)
    assert after.node.drifted(after.node.release) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_a_damaged_release_is_rejected_and_goes_through_when_it_is_whole(served: World, name: str) -> None:
    """No service is blamed, nothing is quarantined, and the same commit is applied once it can be read."""
    request = served.repository.release(sample(main="main 2\n"))
    path = path_of(served, request.commit + name)
    whole = path.read_bytes()
    cut(path)
    outcome = served.engine.apply(request)
    assert (outcome["outcome"], outcome["service"]) == ("rejected", "")
    assert "damaged" in outcome["reason"] or "is not in the state" in outcome["reason"]
    assert served.node.journal.quarantine() == []
    assert served.text(MAIN) == "main 1\n"
    path.write_bytes(whole)
    assert served.engine.apply(request)["outcome"] == "applied"
    assert served.text(MAIN) == "main 2\n"
    assert served.node.findings.damage == []


def test_a_damaged_object_of_before_holds_nothing_up(kept: World) -> None:
    """The next release is compared with the one that serves, whose objects may be gone."""
    cut(path_of(kept, f"{kept.node.applied.commit}:mail/{MAIN}"))
    manifest = {"files": {**_manifest(kept)["files"], MAIN: _restarts()}}
    outcome = kept.engine.apply(kept.repository.release(sample(main="main 3\n"), **manifest))
    assert outcome["outcome"] == "applied"


def _manifest(world: World) -> dict[str, Any]:
    text = git(world.repository.folder, "show", f"{world.node.applied.commit}:mail/manifest.json")
    found: dict[str, Any] = json.loads(text)
    return found


def _restarts() -> dict[str, Any]:
    return {"service": "postfix", "action": "reload", "mode": "0644", "owner": "root:root",
            "restart_on": ["inet_interfaces"]}  # fmt: skip


def test_a_repository_that_lost_its_newest_releases_takes_nothing_back(kept: World) -> None:
    """An older number is refused, and neither the mail nor the config volume goes back; a retry serves it."""
    older = kept.repository.release(sample(main="template\n"))
    outcome = kept.engine.apply(type(older)(older.commit, 1))
    assert outcome["outcome"] == "rejected"
    assert "lost its newest" in outcome["reason"]
    assert kept.text(MAIN) == "main 1\n"
    assert kept.engine.apply(type(older)(older.commit, 1, retry=True))["outcome"] == "applied"


def test_copies_are_as_many_as_two_releases_need(kept: World) -> None:
    """Only what changed is written; what no kept release has goes; damaged copies are made again."""
    files = kept.node.journal.folder / "serving/files"
    for number in range(3, 7):
        assert kept.apply(userdb=f"userdb {number}\n")["outcome"] == "applied"
        before = {path.name for path in files.iterdir()}
        Keeping(kept.node).keep()
        assert len({path.name for path in files.iterdir()} - before) == 1
    assert len(list(files.iterdir())) == 6  # four files and a manifest, and another userdb
    flip(next(files.iterdir()))
    assert kept.node.kept.verify() == 1
    Keeping(kept.node).keep()
    assert len(list(files.iterdir())) == 6


@pytest.mark.parametrize("record", ["release.json", "before.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_stops_nothing(kept: World, record: str, damage: str) -> None:
    """Git is asked first; and the next copy is whole again."""
    DAMAGES[damage](kept.node.journal.folder / "serving" / record)
    after = restart_agent(kept)
    is_served(after)
    Keeping(after.node).keep()
    newest = after.node.kept.newest()
    assert newest is not None
    assert newest.applied.commit == after.node.applied.commit


@pytest.mark.parametrize("damage", ["lost", "empty", "cut", "a folder"])
def test_a_lost_projection_does_not_take_old_files_for_edits(
    world: World, volume: Volume, daemon: ControlPlane, damage: str
) -> None:
    """What the volume has from before is what the release that serves came with, and no edit."""
    main = project(volume, world.repository, one="1\n", two="2\n")
    DAMAGES[damage](volume.record)
    (volume.folder / "two.cf").write_text("edited\n")
    again = Volume(volume.folder, volume.record, daemon)
    assert again.forgotten
    with ObjectReader(world.repository.folder) as objects:
        again.remember(objects, main)
    assert again.report()
    assert [(change["path"], bool(change["base"])) for change in daemon.asked] == [("two.cf", True)]


class Silent(DaemonClient):
    """A daemon that takes everything and says nothing."""

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        del op, arguments
        return {}


def test_a_lost_pair_is_made_again_before_the_start(tmp_path: Path) -> None:
    """Another certificate of the same name serves until the daemon has heard of it."""
    store = Certificates(tmp_path / "state/certs")
    (tmp_path / "state").mkdir()
    source = {"slot": "default", "type": "self-signed", "pairs": [["/none.pem", "/none.key"]]}
    slots = CertificateSlots(tmp_path, tmp_path / "state", store, Silent(tmp_path, "mail"))
    slots.check((source,), "mail.example.test")
    (identity,) = [folder.name for folder in store.folder.iterdir()]
    for folder in (store.folder, tmp_path / "state/ca"):
        for path in folder.rglob("*"):
            if path.is_file():
                empty(path)
    slots.mend(_with_certificate(source, identity))
    assert store.damage(identity) == ""
    assert store.read(identity, "chain").startswith(b"-----BEGIN CERTIFICATE")


def _with_certificate(source: Mapping[str, str], identity: str) -> Any:
    from agent.release.manifest import Release
    from wire.manifest import Entry

    files = {
        f"etc/dms/tls/{part}": Entry(
            f"etc/dms/tls/{part}", ("tls",), "reload", 0o600, "root:root", "", identity, "default", part
        )
        for part in ("chain", "key")
    }
    return Release("c", 1, "mail.example.test", files, {}, (source,))


def test_an_object_that_a_start_does_not_need_is_named_all_the_same(kept: World) -> None:
    """The start does not read it, as its file is on disk; the check afterwards does, until it is repaired."""
    identity = git(kept.repository.folder, "rev-parse", f"{kept.node.applied.commit}:mail/{MAIN}")
    path = path_of(kept, identity)
    whole = path.read_bytes()
    cut(path)
    after = restart_agent(kept)
    assert parts(after) == set()
    Keeping(after.node).look()
    assert parts(after) == {f"object {identity}"}
    path.write_bytes(whole)
    look_again(after.node)
    assert parts(after) == set()


def test_records_that_are_removed_under_a_running_agent_come_back(kept: World) -> None:
    """The next change is applied, answered and kept as any other."""
    shutil.rmtree(kept.node.journal.folder)
    outcome = kept.apply(userdb="userdb 3\n")
    assert outcome["outcome"] == "applied"
    assert [row["id"] for row in kept.node.journal.outcomes()] == [outcome["id"]]
    kept.node.journal.acknowledge([outcome["id"]])
    Keeping(kept.node).keep()
    new_container(kept)
    is_served(restart_agent(kept), "userdb 3\n")
