"""Steps that fail while the process lives on: a full disk, a push that git gave up, an unsound commit."""

from __future__ import annotations

import errno
import os
from typing import Any, cast

import pytest

from controlplane.daemon.ops import OPS
from controlplane.errors import Unavailable
from controlplane.intake.accepted_pushes import Cause
from tests.daemon.site import HASH, Site


def once(target: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a method fail the next time that it is called, and work again after."""
    works = getattr(target, name)

    def fail(*_: Any, **__: Any) -> Any:
        monkeypatch.setattr(target, name, works)
        raise Unavailable("no space left on device")

    monkeypatch.setattr(target, name, fail)


@pytest.mark.parametrize("step", ["log.append", "releases.write"])
def test_what_could_not_be_written_is_by_the_next_change(
    site: Site, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`main` moved and the disk was full: the next change first records what is owed, apart from itself."""
    site.add("user1@example.test")
    part, method = step.split(".")
    once(type(getattr(site.daemon.intake.stores, part)), method, monkeypatch)
    with pytest.raises(Unavailable):
        site.add("user2@example.test")
    site.add("user3@example.test")
    accounts = list(site.daemon.intake.state.desired.accounts)
    assert accounts[-2:] == ["user2@example.test", "user3@example.test"]
    two, three = (site.ask("history", subject=f"user{n}@example.test")["entries"][-1] for n in (2, 3))
    assert three["position"] > two["position"]
    site.must_agree()


def test_a_release_that_is_owed_is_not_forgotten(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that renders nothing of its own still brings the release that the one before could not."""
    once(type(site.daemon.intake.stores.releases), "write", monkeypatch)
    with pytest.raises(Unavailable):
        site.add("user1@example.test")
    clone = site.clone()
    done = clone.change("config/postfix-accounts.cf", "# a remark\n")
    assert done.returncode == 0, done.stderr
    site.must_agree()


def test_a_push_that_git_gave_up_is_not_replayed(site: Site) -> None:
    """Its commit, merged in later by somebody else, is no step of `main`: nothing goes back in between."""
    site.add("user1@example.test")
    clone = site.clone()
    clone.append("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    given_up = clone.commit("Add the info alias")
    site.daemon.intake.stores.accepted.remember(given_up, Cause("eve@laptop", "push", "given up"))
    site.add("user2@example.test")
    clone.git("fetch", "-q")
    assert clone.git("merge", "-q", "-m", "Merge", "origin/main").returncode == 0
    before = site.daemon.intake.position
    done = clone.push()
    assert done.returncode == 0, done.stderr
    entries = [e for e in site.ask("log")["entries"] if e["position"] > before and e["source"] == "push"]
    assert [(e["kind"], e["actor"]) for e in entries] == [("alias.added", "ada@laptop")]
    site.must_agree()


def test_an_unsound_step_of_main_does_not_hold_up_those_above(site: Site) -> None:
    """Somebody moved `main` past the hooks to what cannot be parsed; the correction on top is taken over."""
    clone = site.clone()
    clone.append("config/postfix-accounts.cf", "nonsense\n")
    broken = clone.commit("Break it")
    site.git("fetch", "-q", str(clone.path), "HEAD", cwd=site.repository)
    site.git("update-ref", "refs/heads/main", broken, cwd=site.repository)
    site.daemon.intake.stores.accepted.remember(broken, Cause("ada@laptop", "push"))
    assert not site.daemon.intake.catch_up()
    assert site.daemon.intake.trouble
    clone.write("config/postfix-accounts.cf", f"user1@example.test|{HASH}\n")
    clone.commit("Mend it")
    done = clone.push()
    assert done.returncode == 0, done.stderr
    assert "user1@example.test" in site.daemon.intake.state.desired.accounts
    assert not site.daemon.intake.trouble
    site.must_agree()


def test_a_push_whose_client_went_away_is_taken_over_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git moved `main` and never came to post-receive: the daemon looks after it by itself."""
    monkeypatch.setattr("controlplane.daemon.missed_post_receive.PATIENCE", 0.3)
    monkeypatch.setitem(cast(dict[str, Any], OPS), "post-receive", lambda *_: {})
    once(type(site.daemon.intake.stores.log), "append", monkeypatch)
    clone = site.clone()
    done = clone.change("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    assert done.returncode == 0, done.stderr
    with site.daemon.intake.changed:
        assert site.daemon.intake.changed.wait_for(lambda: "info@example.test" in aliases(site), 20)
    entry = site.ask("history", subject="info@example.test")["entries"][-1]
    assert (entry["actor"], entry["source"]) == ("ada@laptop", "push")
    site.must_agree()


def aliases(site: Site) -> Any:
    """The aliases of the current state."""
    return site.daemon.intake.state.desired.aliases


def test_a_full_disk_is_told_as_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A push that cannot be noted down is refused with the reason, not as a bug."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(type(site.daemon.intake.stores.accepted), "remember", full)
    done = site.clone().change("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "bug" not in done.stderr
