"""What is in a log in the clear is reported with its places, and never repeated."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from controlplane.cli.mailctl.secrets.find import command as find
from controlplane.git import StateRepo
from controlplane.intake.audit.secrets_found import Search, Spot
from tests.daemon.site import Site
from tests.examples_of_secrets import REFUSED, SEALED, SECRET

RELAY = "config/postfix-sasl-password.cf"


def found(site: Site) -> list[Spot]:
    """Everything that a search of the site's repository finds."""
    search = Search(StateRepo(site.repository))
    spots = search.run()
    assert search.unread == []
    return spots


def test_a_server_without_secrets_in_the_clear_has_none(site: Site) -> None:
    """Nothing that the server itself renders is taken for one; neither is what is sealed or pinned."""
    site.add("user1@example.test")
    site.ask("edit", command="setting.set", name="RELAY_PASSWORD", value=SECRET)
    site.ask("edit", command="setting.set", name="RELAY_HOST", value="relay.example.test")
    site.ask("edit", command="setting.set", name="RELAY_USER", value="me")
    site.stop()
    site.environment["RELAY_PASSWORD"] = SECRET
    site.start()
    assert found(site) == []


@pytest.fixture
def planted(site: Site) -> Site:
    """A server that took secrets as they are for a while, and has them in its history."""
    clone = site.clone()
    clone.write("mailserver.env", f"ALLOW_CLEARTEXT_SECRETS=1\nRELAY_PASSWORD={SECRET}\n")
    clone.write(RELAY, f"# mine\n@d.test user: {SECRET}\n")
    clone.write("config/dovecot.cf", f"doveadm_password = {SECRET}\n")
    clone.commit()
    done = clone.push()
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stderr
    assert clone.push("origin", "HEAD:refs/heads/more").returncode == 0
    for path in ("mailserver.env", RELAY, "config/dovecot.cf"):
        clone.write(path, "")
    clone.commit()
    assert clone.push().returncode == 0
    clone.write("notes.pem", "\n-----BEGIN PRIVATE KEY-----\nMIIB\n")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "x")
    site.git("fetch", "-q", str(clone.path), "HEAD:refs/tags/old", cwd=site.repository)
    return site


def test_what_was_taken_in_the_clear_is_found_everywhere(planted: Site) -> None:
    """On main, in the log, in releases and under a tag; with commit, change set, file and line."""
    spots = found(planted)
    assert SECRET not in f"{spots}"
    places = {(spot.ref, spot.path, spot.line) for spot in spots}
    assert {
        ("main", "mailserver.env", 2),
        ("main", RELAY, 2),
        ("main", "config/dovecot.cf", 1),
        ("events", RELAY, 0),
        ("events", "mailserver.env", 0),
        ("events", "config/dovecot.cf", 1),
        ("refs/tags/old", "notes.pem", 2),
    } <= places
    assert {path.rpartition("/")[2] for ref, path, _ in places if ref == "rendered"} >= {"local.conf"}
    assert all(spot.position for spot in spots if spot.ref != "refs/tags/old")
    assert all(spot.kind for spot in spots)
    assert len({(spot.ref, spot.commit, spot.path, spot.line, spot.kind) for spot in spots}) == len(spots)


def test_the_command_tells_it_of_a_clone_too(planted: Site, tmp_path: Path) -> None:
    """As lines and as JSON; the exit status is 4 where that is asked for."""
    target = tmp_path / "clone"
    words = ["git", "clone", "-q", "--mirror", str(planted.repository), str(target)]
    subprocess.run(words, check=True, timeout=60, capture_output=True)
    done = CliRunner().invoke(find, ["--repository", str(target), "--json"], standalone_mode=False)
    told = json.loads(done.stdout)
    assert {spot["path"] for spot in told["found"]} >= {RELAY, "mailserver.env"}
    assert SECRET not in done.output
    done = CliRunner().invoke(find, ["--repository", str(target), "--exit-code"], standalone_mode=False)
    assert done.return_value == 4
    assert f"{RELAY}:2" in done.output
    assert SECRET not in done.output


def test_each_place_that_a_push_would_refuse_is_found(site: Site) -> None:
    """One detector: also what came in before it knew a place."""
    clone = site.clone()
    places = {**SEALED, **REFUSED}
    for path, texts in places.items():
        clone.write(path, texts[-1].replace("PLANTED", SECRET))
    clone.commit()
    site.git("fetch", "-q", str(clone.path), "HEAD:refs/heads/before", cwd=site.repository)
    assert {spot.path for spot in found(site) if spot.ref == "before"} == set(places)


def test_what_is_in_the_clear_is_warned_of_while_that_is_allowed(site: Site) -> None:
    """In the plan with its place, and in status for as long as it stands there."""
    clone = site.clone()
    clone.write("mailserver.env", "ALLOW_CLEARTEXT_SECRETS=1\n")
    clone.write("config/dovecot.cf", f"\ndoveadm_password = {SECRET}\n")
    clone.commit()
    done = clone.push()
    assert done.returncode == 0, done.stderr
    assert "⚠ config/dovecot.cf:2: a password in the clear" in done.stderr
    assert SECRET not in done.stderr
    assert site.ask("status")["in_clear"] == ["config/dovecot.cf:2"]
    clone.write("mailserver.env", "")
    clone.commit()
    assert clone.push().returncode != 0, "nobody forgets what is left"
    clone.write("config/dovecot.cf", "")
    clone.commit()
    assert clone.push().returncode == 0
    assert site.ask("status")["in_clear"] == []


def test_what_an_older_release_took_does_not_hold_up_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported in status; other changes pass, and a new one like it does not."""
    clone = site.clone()
    with monkeypatch.context() as older:
        for module in ("tree_policy", "pushed_history", "clear_texts"):
            older.setattr(f"controlplane.intake.checks.{module}.in_clear", lambda *_: iter(()))
        older.setattr("controlplane.intake.checks.tree_policy.check", lambda *_: ())
        clone.write(RELAY, f"@d.test user: {SECRET}\n")
        clone.write("config/dovecot.cf", f"doveadm_password = {SECRET}\n")
        clone.commit()
        done = clone.push()
        assert done.returncode == 0, done.stderr
    assert site.add("user1@example.test")["position"]
    assert site.ask("status")["in_clear"] == ["config/dovecot.cf:1", f"{RELAY}:1"]
    clone.git("pull", "-q")
    clone.append(RELAY, "@e.test other: new\n")
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert f"{RELAY}:2" in done.stderr
    assert f"{RELAY}:1" not in done.stderr
