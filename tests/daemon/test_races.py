"""Several change the same thing at once: one wins, the others learn so in our words."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from controlplane.daemon.ops import hooks
from controlplane.daemon.ops.requests import Push
from tests.daemon.site import ROOT, Clone, Site

VIRTUAL = "config/postfix-virtual.cf"
OURS = "✗ somebody else's push came first: nothing of yours was changed; git pull --rebase and push again"
FETCH_FIRST = "(fetch first)"
"""What git says on the pusher's side, before it asks the server for anything."""
WRITERS = 20


def prepared(site: Site, number: int) -> Clone:
    """A clone with a commit that adds an alias of its own."""
    clone = site.clone(f"clone{number}")
    clone.append(VIRTUAL, f"alias{number}@example.test user1@example.test\n")
    clone.commit(f"Add alias {number}")
    return clone


def records(site: Site) -> list[str]:
    """The pushes that are noted down as accepted and not yet recorded."""
    return sorted(path.name for path in (site.places.root / "control/accepted").glob("*.json"))


@pytest.mark.parametrize("ref", ["main", "more"])
def test_the_losers_of_a_race_are_told_in_our_words(site: Site, ref: str) -> None:
    """Twenty push at once, to main or to one branch: one is taken, and git's own words reach nobody."""
    site.add("user1@example.test")
    clones = [prepared(site, number) for number in range(WRITERS)]
    start = threading.Barrier(WRITERS)

    def push(clone: Clone) -> subprocess.CompletedProcess[str]:
        start.wait(60)
        return clone.push("origin", f"HEAD:refs/heads/{ref}")

    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(push, clones))
    won = [number for number, each in enumerate(done) if each.returncode == 0]
    assert len(won) == 1, [each.stderr for each in done]
    lost = [each.stderr for each in done if each.returncode]
    assert all(OURS in said or FETCH_FIRST in said for said in lost), lost
    assert any(OURS in said for said in lost)
    for said in lost:
        assert "cannot lock ref" not in said
        assert "failed to update ref" not in said
        assert "✔" not in said
    aliases = list(site.daemon.intake.state.desired.aliases)
    assert aliases == ([f"alias{won[0]}@example.test"] if ref == "main" else [])
    assert records(site) == []
    site.must_agree()


def test_a_stale_push_is_no_plan_to_undo(site: Site) -> None:
    """Somebody adds an alias between the fetch and the push: no plan is shown that would remove it."""
    site.add("user1@example.test")
    clone = prepared(site, 1)
    old, new = (clone.git("rev-parse", rev).stdout.strip() for rev in ("HEAD~1", "HEAD"))
    site.add("user2@example.test")
    said: list[str] = []
    site.git("fetch", "-q", str(clone.path), "HEAD", cwd=site.repository)
    with pytest.raises(hooks.AlreadySaid):
        hooks.pre_receive(
            site.daemon,
            Push(updates=((old, new, "refs/heads/main"),), actor="eve"),
            said.append,
        )
    assert said[0] == OURS
    assert "by root" in said[1]
    assert len(said) == 2
    assert records(site) == []


def test_a_push_and_a_command_at_once(site: Site) -> None:
    """Ten times both at once: the command never loses, and a push that does reads our words."""
    site.add("user1@example.test")
    clone, lost = site.clone(), 0
    with ThreadPoolExecutor(1) as pool:
        for number in range(10):
            clone.append(VIRTUAL, f"alias{number}@example.test user1@example.test\n")
            clone.commit(f"Add alias {number}")
            command = pool.submit(site.add, f"more{number}@example.test")
            done = clone.push()
            assert command.result(60)["position"]
            while done.returncode:
                lost += 1
                assert OURS in done.stderr or FETCH_FIRST in done.stderr, done.stderr
                assert "✔" not in done.stderr
                assert "removed" not in done.stderr
                assert clone.git("pull", "-q", "--rebase").returncode == 0
                done = clone.push()
    desired = site.daemon.intake.state.desired
    assert (len(desired.aliases), len(desired.accounts)) == (10, 11)
    site.must_agree()


def test_the_record_of_a_push_that_git_gives_up_goes_at_once(site: Site) -> None:
    """git got a yes and could not move main: its lock was taken."""
    clone = prepared(site, 1)
    (site.repository / "hooks/update").unlink()
    (site.repository / "hooks/update").write_text("#!/bin/sh\nexit 1\n")
    (site.repository / "hooks/update").chmod(0o755)
    assert clone.push().returncode != 0
    with site.daemon.intake.changed:
        assert site.daemon.intake.changed.wait_for(lambda: not records(site), 5)


def test_hook_and_daemon_have_the_same_words() -> None:
    """Wherever the conflict is found, the loser reads the same text."""
    assert f'"✗ {hooks.TOO_LATE}"' in (ROOT / "hooks/update").read_text()
    assert f"✗ {hooks.TOO_LATE}" == OURS


def test_the_last_look_before_git_moves_a_reference_has_our_words(site: Site) -> None:
    """When main is moved past the daemon between consent and swap, the update hook says so."""
    clone = prepared(site, 1)
    other = prepared(site, 2)
    site.git("fetch", "-q", str(other.path), "HEAD", cwd=site.repository)
    hook = site.repository / "hooks/update"
    ours = hook.resolve()
    moved = other.git("rev-parse", "HEAD").stdout.strip()
    hook.unlink()
    hook.write_text(f'#!/bin/sh\ngit update-ref refs/heads/main {moved}\nexec {ours} "$@"\n')
    hook.chmod(0o755)
    done = clone.push()
    assert done.returncode != 0
    assert OURS in done.stderr
    assert "cannot lock ref" not in done.stderr
