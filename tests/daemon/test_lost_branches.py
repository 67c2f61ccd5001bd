"""What is lost of the state repo while the server is down, or runs, is put back: absent is never new."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from controlplane.intake.proposal import render
from controlplane.recovery import releases
from controlplane.release import Release
from tests.daemon.site import Site

BRANCHES = ("main", "events", "rendered")


def _facts(site: Site) -> dict[str, object]:
    """Everything that must be as before."""
    intake = site.daemon.intake
    return {
        "accounts": list(intake.state.desired.accounts),
        "release": intake.release_number,
        "rendered": intake.release.tree if intake.release else "",
        "log": intake.stores.log.read(5).commit,
    }


def _lose(path: Path) -> None:
    path.unlink(missing_ok=True)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:17])


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff" * 20 + b"\n")


def _dangling(path: Path) -> None:
    path.write_text("deadbeef" * 5 + "\n")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


LOSSES: dict[str, Callable[[Path], None]] = {
    "lost": _lose,
    "empty": _empty,
    "cut": _cut,
    "garbage": _garbage,
    "dangling": _dangling,
    "folder": _folder,
}


def _grown(site: Site) -> Site:
    for name in ("a", "b", "c"):
        site.add(f"{name}@x.test")
        site.settle()
    return site


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("reflog", [True, False])
def test_a_lost_reference_is_put_back_at_the_next_start(
    site: Site, branch: str, loss: str, reflog: bool
) -> None:
    """Accounts, numbers, rollback and the push of a good clone are there; an event and `status` report it."""
    clone = _grown(site).clone()
    before = _facts(site)
    site.stop()
    LOSSES[loss](site.repository / "refs/heads" / branch)
    if not reflog:
        shutil.rmtree(site.repository / "logs")
    site.start()
    assert _facts(site) == before
    site.must_agree()
    assert branch in {row["part"] for row in site.ask("status")["repairs"]}
    assert [e["subject"] for e in site.ask("log", filters={"kind": "store.repaired"})["entries"]] == [branch]
    pushed = clone.change("config/postfix-virtual.cf", "i@x.test a@x.test\n")
    assert pushed.returncode == 0, pushed.stderr
    assert site.ask("rollback", target="4", allow_mass_delete=True)["position"]
    site.must_agree()


@pytest.mark.parametrize("loss", ["lost", "empty", "garbage"])
@pytest.mark.parametrize("branch", BRANCHES)
def test_a_lost_reference_is_put_back_while_the_server_runs(site: Site, branch: str, loss: str) -> None:
    """The next change finds it, and nothing is begun anew."""
    _grown(site)
    before = _facts(site)
    LOSSES[loss](site.repository / "refs/heads" / branch)
    assert branch in {row["part"] for row in site.ask("status")["repairs"]}
    assert _facts(site) == before
    site.add("d@x.test")
    site.must_agree()


def test_all_references_lost_at_once_are_put_back(site: Site) -> None:
    """Also without their reflogs, from the objects alone."""
    _grown(site)
    before = _facts(site)
    site.stop(save=False)
    for folder in ("refs", "logs"):
        shutil.rmtree(site.repository / folder)
    (site.repository / "HEAD").unlink()
    shutil.rmtree(site.places.root / "control" / "accepted")
    site.start()
    assert _facts(site) == before
    site.must_agree()


@pytest.mark.parametrize("branch", BRANCHES)
def test_an_older_value_in_packed_refs_is_not_taken_for_the_branch(site: Site, branch: str) -> None:
    """Where somebody packed the references, a lost file leaves what the branch was then."""
    site.add("a@x.test")
    site.settle()
    assert site.git("--git-dir", str(site.repository), "pack-refs", "--all").returncode == 0
    _grown_more(site)
    before = _facts(site)
    site.stop()
    (site.repository / "refs/heads" / branch).unlink()
    site.start()
    assert _facts(site) == before
    site.must_agree()


def _grown_more(site: Site) -> None:
    for name in ("b", "c"):
        site.add(f"{name}@x.test")
        site.settle()


def test_of_a_long_log_only_the_newest_releases_are_rendered_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those before keep their numbers, positions and outcomes; rendering each would take hours."""
    _grown(site)
    before, repository = _facts(site), site.repository
    made = list(site.daemon.intake.stores.releases.newest_first())
    told = _outcomes(site)
    site.stop()
    shutil.rmtree(repository / "logs")
    _lose(repository / "refs/heads/rendered")
    for release in made:
        _lose(repository / "objects" / release.commit[:2] / release.commit[2:])
    monkeypatch.setattr(releases, "RENDERED_AGAIN", 2)
    rendered: list[object] = []
    monkeypatch.setattr(releases, "render", lambda state: rendered.append(state) or render(state))
    site.start()
    assert len(rendered) < len(made)
    assert _facts(site) == before
    again = site.daemon.intake.stores.releases.newest_first()
    assert [_basis(release) for release in again] == [_basis(release) for release in made]
    assert told.items() <= _outcomes(site).items()
    site.must_agree()


def _basis(release: Release) -> tuple[int, int, str]:
    return release.number, release.basis.log_position, release.basis.main_commit


def _outcomes(site: Site) -> dict[tuple[int, str], str]:
    entries = site.ask("log", filters={"limit": 1000})["entries"]
    return {(entry["position"], entry["subject"]): entry["outcome"] for entry in entries}


@pytest.mark.parametrize("place", ["logs", "logs/refs", "logs/refs/heads", "logs/refs/heads/main"])
@pytest.mark.parametrize("running", [True, False], ids=["running", "at-start"])
def test_what_is_in_the_way_of_reflogs_is_put_aside(site: Site, place: str, running: bool) -> None:
    """A file for a folder, or a folder for a file: no reference could be moved, and others were blamed."""
    site.add("user1@example.test")
    clone = site.clone()
    if not running:
        site.stop()
    path = site.repository / place
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("x")
    else:
        path.unlink()
        (path / "x").mkdir(parents=True)
    if not running:
        site.start()
    site.add("user2@example.test")
    clone.git("pull", "-q", "--rebase")
    done = clone.change("config/postfix-virtual.cf", "info@example.test user1@example.test\n")
    assert done.returncode == 0, done.stderr
    assert any(part["part"] == "reflogs" for part in site.ask("status")["repairs"])
    site.must_agree()
