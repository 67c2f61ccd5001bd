"""Objects of the state repo that are lost, cut or changed: made again where they are derived, else named."""

from __future__ import annotations

import shutil

import pytest

from controlplane.errors import Refused
from tests.daemon.damages import SPOILS, object_path
from tests.daemon.site import Site


def _grown(site: Site) -> Site:
    for name in ("a", "b", "c"):
        site.add(f"{name}@x.test")
        site.settle()
    return site


RENDERED = (
    "rendered",
    "rendered^{tree}",
    "rendered:mail",
    "rendered:mail/manifest.json",
    "rendered:mail/etc/dovecot/userdb",
)
MAIN = ("main", "main^{tree}", "main:config", "main:config/postfix-accounts.cf", "main:mailserver.env")


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("what", RENDERED)
def test_a_damaged_release_is_made_again(site: Site, what: str, spoil: str) -> None:
    """The very same commit, with its number; nothing else moves."""
    _grown(site)
    release = site.daemon.intake.release
    target = object_path(site, what)
    if not target.exists():
        pytest.fail(f"{what} is not loose")
    site.stop()
    SPOILS[spoil](target)
    site.start()
    assert site.daemon.intake.release == release
    assert "rendered" in {row["part"] for row in site.ask("status")["repairs"]}
    site.must_agree()
    site.add("d@x.test")
    site.must_agree()


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("what", MAIN)
def test_a_damaged_main_is_written_again(site: Site, what: str, spoil: str) -> None:
    """From the state of the log; what it means stays, and changes go on."""
    _grown(site)
    accounts = list(site.daemon.intake.state.desired.accounts)
    target = object_path(site, what)
    site.stop()
    SPOILS[spoil](target)
    site.start()
    assert list(site.daemon.intake.state.desired.accounts) == accounts
    assert "main" in {row["part"] for row in site.ask("status")["repairs"]}
    site.must_agree()
    site.add("d@x.test")
    site.must_agree()
    site.stop()
    site.start()
    site.must_agree()


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("what", ["events", "events^{tree}", "events:events.jsonl", "events:change-set.json"])
@pytest.mark.parametrize("saved", [True, False])
def test_a_damaged_end_of_the_log_is_written_again(site: Site, what: str, spoil: str, saved: bool) -> None:
    """From the second copy of the newest change sets, which its id proves; changes go on."""
    _grown(site)
    position, target = site.daemon.intake.position, object_path(site, what)
    site.stop(save=saved)
    SPOILS[spoil](target)
    site.start()
    status = site.ask("status")
    assert not status["damage"]
    assert "events" in {row["part"] for row in status["repairs"]}
    assert site.daemon.intake.position == position + 1
    site.add("d@x.test")
    site.must_agree()


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("what", ["events", "events^{tree}", "events:events.jsonl", "events:change-set.json"])
@pytest.mark.parametrize("saved", [True, False])
def test_a_damaged_end_of_the_log_stops_changes_alone(site: Site, what: str, spoil: str, saved: bool) -> None:
    """Where its copy is gone, too: every question is answered, a change refused with the cure."""
    _grown(site)
    clone, position = site.clone(), site.daemon.intake.position
    target = object_path(site, what)
    kept = target.read_bytes()
    site.stop(save=saved)
    (site.places.root / "control/log-tail").write_bytes(b"\0" * 9)
    SPOILS[spoil](target)
    site.start()
    status = site.ask("status")
    assert not status["healthy"]
    assert status["damage"][0]["part"] == "events"
    assert "restart" in status["damage"][0]["cure"]
    assert site.ask("log")["entries"]
    assert "b@x.test" in site.ask("show")["accounts"]
    assert not site.ask("verify")["ok"]
    repairs = [{"part": "agent", "how": "it is back"}]
    assert site.ask("agent.hello", node="mail", applied_commit="x", repairs=repairs)["release"]
    assert site.ask("agent.drift", paths=["/etc/x"]) == {}
    with pytest.raises(Refused) as refused:
        site.add("d@x.test")
    assert "events" in refused.value.problems[0].message
    assert clone.change("config/postfix-virtual.cf", "i@x.test a@x.test\n").returncode != 0
    site.stop()
    target.unlink(missing_ok=True)
    target.write_bytes(kept)
    site.start()
    assert site.daemon.intake.position == position
    assert not site.ask("status")["damage"]
    site.add("d@x.test")
    site.must_agree()


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("asked", [True, False])
def test_a_log_whose_end_is_damaged_while_it_serves_answers(site: Site, spoil: str, asked: bool) -> None:
    """With what the last question before that took in, and nothing where there was none."""
    _grown(site)
    if asked:
        earlier = site.ask("log")["entries"]
    site.add("d@x.test")
    site.settle()
    SPOILS[spoil](object_path(site, "events"))
    entries = site.ask("log")["entries"]
    assert entries == earlier if asked else not entries


def test_a_log_that_is_damaged_in_its_middle_still_answers(site: Site) -> None:
    """Without a snapshot the state cannot be folded: `main` says what there is."""
    _grown(site)
    target = object_path(site, "events~3")
    site.stop(save=False)
    shutil.rmtree(site.places.root / "control" / "checkpoints", ignore_errors=True)
    (site.places.root / "control" / "snapshot.json").unlink(missing_ok=True)
    SPOILS["flipped"](target)
    site.start()
    assert site.ask("status")["damage"][0]["part"] == "events"
    assert "c@x.test" in site.ask("show")["accounts"]
    assert not site.ask("verify")["ok"]


def test_every_release_lost_is_rendered_anew_with_its_number(site: Site) -> None:
    """Branch, reflog and commits are gone: the log is rendered from its start, to the same commits."""
    _grown(site)
    release = site.daemon.intake.release
    git = ("--git-dir", str(site.repository))
    commits = site.git(*git, "rev-list", "rendered").stdout.split()
    lives = [(e["position"], e["live"]) for e in site.ask("log")["entries"]]
    site.stop()
    for commit in commits:
        (site.repository / "objects" / commit[:2] / commit[2:]).unlink()
    (site.repository / "refs/heads/rendered").unlink()
    (site.repository / "logs/refs/heads/rendered").unlink()
    site.start()
    assert site.daemon.intake.release == release
    assert [(e["position"], e["live"]) for e in site.ask("log")["entries"]][: len(lives)] == lives
    site.must_agree()


@pytest.mark.parametrize("what", ["rendered", "rendered:mail/manifest.json", "main"])
def test_a_damaged_pack_is_taken_apart(site: Site, what: str) -> None:
    """What is whole of it is unpacked, what is derived made again, the pack kept aside."""
    _grown(site)
    git = ("--git-dir", str(site.repository))
    assert site.git(*git, "repack", "-adq").returncode == 0
    pack = next((site.repository / "objects/pack").glob("*.pack"))
    oid = site.git(*git, "rev-parse", what).stdout.strip()
    rows = site.git(*git, "verify-pack", "-v", str(pack)).stdout.splitlines()
    offset = next(int(row.split()[4]) for row in rows if row.startswith(oid))
    release = site.daemon.intake.release_number
    site.stop()
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[offset + 12] ^= 0x10
    pack.write_bytes(bytes(content))
    site.start()
    assert {"packs"} <= {row["part"] for row in site.ask("status")["repairs"]}
    assert site.daemon.intake.release_number == release
    site.must_agree()
    site.add("d@x.test")
    site.must_agree()
