"""Files of the state volume that root, or anybody else, took away from the control plane."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.files import owners
from controlplane.errors import MailserverError, Unavailable
from controlplane.git import STALE_AFTER
from controlplane.release import Release, Releases
from tests.daemon.site import Site

STRANGER = 4711
PLACES = [
    "state.git",
    "state.git/HEAD",
    "state.git/config",
    "state.git/objects",
    "state.git/objects/17",
    "state.git/refs/heads",
    "state.git/refs/heads/main",
    "state.git/logs/refs/heads/events",
    "state.git/logs/refs/heads/main",
    "control",
    "control/accepted",
]


@pytest.fixture
def taken(site: Site) -> Iterator[Site]:
    """A site whose agent can give files back."""
    assert site.agent is not None
    site.agent.answers["owners.mend"] = lambda: owners.mend(site.places.root, os.geteuid(), os.getegid())
    yield site
    site.git("pack-refs", cwd=site.repository)


def repairs(site: Site) -> list[dict[str, Any]]:
    """What the log has of repairs."""
    return [entry for entry in site.ask("log")["entries"] if entry["kind"] == "store.repaired"]


@pytest.mark.parametrize("place", PLACES)
def test_a_foreign_owner_is_mended_before_the_next_change(taken: Site, place: str) -> None:
    """Whatever was given to somebody else: the command works, and the log says what was mended."""
    path = taken.places.root / place
    os.chown(path, STRANGER, STRANGER)
    taken.add("user1@example.test")
    assert path.stat().st_uid == os.geteuid()
    assert repairs(taken)[-1]["subject"] == "owners"
    assert taken.ask("status")["unwritable"] == ""
    taken.must_agree()


def test_a_change_that_was_recorded_is_answered_by_what_became_of_it(
    taken: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release could not be written at first: the command goes on behind what it had done already."""
    taken.add("user1@example.test")
    before = taken.ask("status")["release"]
    write, tip = Releases.write, taken.git("rev-parse", "rendered", cwd=taken.repository).stdout.strip()
    path = taken.places.root / "state.git/objects" / tip[:2] / tip[2:]

    def denied_once(*arguments: Any) -> Release:
        monkeypatch.setattr(Releases, "write", write)
        os.chown(path, STRANGER, STRANGER)
        raise Unavailable(f"{path}: permission denied")

    monkeypatch.setattr(Releases, "write", denied_once)
    done = taken.add("user2@example.test")
    assert done["release"] == before + 1
    assert "user2@example.test" in taken.ask("show")["accounts"]
    taken.must_agree()


def test_a_mode_that_keeps_its_owner_out_is_mended(taken: Site) -> None:
    """Modes count as owners do."""
    folder = taken.repository / "refs/heads"
    folder.chmod(0o000)
    taken.add("user1@example.test")
    assert folder.stat().st_mode & 0o700 == 0o700
    assert repairs(taken)


@pytest.mark.parametrize("place", ["control/writer.lock", "state.git/logs/refs/heads/events"])
def test_a_file_that_its_owner_cannot_write_is_mended(taken: Site, place: str) -> None:
    """Whoever ran chmod -R a-w: folders and files that are written to are mended, objects stay read-only."""
    path = taken.places.root / place
    path.chmod(0o444)
    assert owners.mend(taken.places.root, os.geteuid(), os.getegid())["mended"]
    assert path.stat().st_mode & 0o600 == 0o600
    path.chmod(0o444)
    taken.add("user1@example.test")
    assert path.stat().st_mode & 0o600 == 0o600
    assert repairs(taken)[-1]["subject"] == "owners"
    objects = [each for each in (taken.repository / "objects").rglob("*") if each.is_file()]
    assert not any(each.stat().st_mode & 0o200 for each in objects)


def test_the_way_to_the_folders_is_mended(taken: Site) -> None:
    """Whoever ran chmod 700 on the state volume kept everybody but root out."""
    taken.places.root.chmod(0o700)
    owners.mend(taken.places.root, os.geteuid(), os.getegid())
    assert taken.places.root.stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_mended_is_told_with_its_cure(site: Site) -> None:
    """The agent cannot: command, push and status name path, owner and cure, and status is not healthy."""
    assert site.agent is not None
    site.add("user1@example.test")
    clone = site.clone()
    path = site.repository / "refs/heads"
    os.chown(path, STRANGER, STRANGER)
    site.agent.answers["owners.mend"] = lambda: {"mended": 0, "failed": ["immutable"]}
    try:
        with pytest.raises(Unavailable) as told:
            site.add("user2@example.test")
        push = clone.change("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
        status = site.ask("status")
    finally:
        os.chown(path, os.geteuid(), os.getegid())
    assert push.returncode != 0
    for said in (str(told.value), push.stderr.replace("\nremote: ", " "), status["unwritable"]):
        assert f"{path} belongs to user {STRANGER}" in said
        assert f"chown -R git:git {site.places.root}/state.git {site.places.root}/control`" in said
        assert "by others all the time" not in said
    assert not status["healthy"]
    site.add("user2@example.test")
    assert site.ask("status")["unwritable"] == ""


@pytest.mark.parametrize("lock", ["refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"])
def test_a_lock_that_a_dead_git_left_goes_by_itself(site: Site, lock: str) -> None:
    """Command and push wait until the lock is old enough to be stale, instead of blaming others."""

    def leave() -> None:
        path = site.repository / lock
        path.touch()
        os.utime(path, (time.time() - STALE_AFTER + 1,) * 2)

    leave()
    site.add("user1@example.test")
    clone = site.clone()
    leave()
    done = clone.change("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    assert done.returncode == 0, done.stderr


def test_mending_stays_within_its_places(tmp_path: Path) -> None:
    """No link is followed, no file with a second name given away, nothing beside the two folders touched."""
    state, secret = tmp_path / "state", tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("x")
    (secret / "key").chmod(0o000)
    (state / "state.git/refs").mkdir(parents=True)
    (state / "agent").mkdir()
    for path in (secret / "key", state / "agent"):
        os.chown(path, STRANGER, STRANGER)
    (state / "state.git/refs/link").symlink_to(secret)
    (state / "state.git/refs/key").symlink_to(secret / "key")
    (state / "state.git/hard").hardlink_to(secret / "key")
    (state / "control").symlink_to(secret)
    done = owners.mend(state, os.geteuid(), os.getegid())
    assert (secret / "key").stat().st_uid == STRANGER
    assert (secret / "key").stat().st_mode & 0o777 == 0
    assert (state / "agent").stat().st_uid == STRANGER
    assert "second name" in done["failed"][0]


def test_only_owners_are_tried_again_for(taken: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that owners did not cause is reported as it is; the agent is not asked."""
    assert taken.agent is not None

    def broken(*_: Any, **__: Any) -> None:
        raise Unavailable("the state repo cannot be written: permission denied")

    monkeypatch.setattr(type(taken.daemon.intake.stores.log), "append", broken)
    with pytest.raises(MailserverError, match="permission denied"):
        taken.add("user1@example.test")
    assert not [asked for asked in taken.agent.asked if asked["op"] == "owners.mend"]
