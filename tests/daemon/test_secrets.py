"""Secrets on their way into the repository: sealed, refused, never in the clear in any object."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest

from controlplane import secrets
from tests.daemon.site import Clone, Site

RELAY = "config/postfix-sasl-password.cf"
PLANTED = "pl4nted-s3cret"


def objects(site: Site) -> bytes:
    """Every object of the state repo, reachable or not."""
    words = ["git", f"--git-dir={site.repository}", "cat-file", "--batch-all-objects", "--batch"]
    return subprocess.run(words, capture_output=True, check=True, timeout=60).stdout


def main_file(site: Site, path: str) -> str:
    """A file of `main`."""
    return site.git("show", f"main:{path}", cwd=site.repository).stdout


def from_volume(site: Site, path: str, text: str, base: str = "") -> dict[str, Any]:
    """Somebody edits a file on the config volume."""
    content = base64.b64encode(text.encode()).decode()
    change = {"path": path.removeprefix("config/"), "content": content, "executable": False, "base": base}
    return site.ask("agent.volume", changes=[change])


def identity(site: Site) -> str:
    """What opens the site's secrets."""
    return secrets.ensure_identity(site.places.root / "control")


def test_a_clear_file_on_the_volume_is_taken_over_sealed(site: Site) -> None:
    """Nothing in the clear reaches an object, and the agent is told to replace the file."""
    answer = from_volume(site, RELAY, f"# mine\n@example.test me:{PLANTED}\n")
    assert answer["refused"] == []
    assert answer["overruled"] == ["postfix-sasl-password.cf"]
    text = main_file(site, RELAY)
    assert text.startswith("# mine\n@example.test me:age:")
    assert secrets.open_value(text.split("me:")[1].strip(), identity(site)) == PLANTED
    assert PLANTED.encode() not in objects(site)
    site.must_agree()


def test_the_same_clear_file_again_is_no_change(site: Site) -> None:
    """A tool that writes it anew every hour makes no release every hour."""
    text = f"@example.test me:{PLANTED}\n"
    from_volume(site, RELAY, text)
    main = site.daemon.intake.main
    answer = from_volume(site, RELAY, text, base="0" * 40)
    assert (answer["refused"], answer["overruled"]) == ([], ["postfix-sasl-password.cf"])
    assert site.daemon.intake.main == main
    more = f"{text}@example.com me:other-{PLANTED}\n"
    assert from_volume(site, RELAY, more, base="0" * 40)["refused"] == []
    assert len(site.daemon.intake.state.desired.relay_credentials) == 2
    assert PLANTED.encode() not in objects(site)


@pytest.mark.shows("ALLOW_CLEARTEXT_SECRETS")
def test_clear_text_may_be_allowed(site: Site) -> None:
    """Then the file stays as it is."""
    site.clone().change("mailserver.env", "ALLOW_CLEARTEXT_SECRETS=1\n")
    answer = from_volume(site, RELAY, f"@example.test me:{PLANTED}\n")
    assert (answer["refused"], answer["overruled"]) == ([], [])
    assert PLANTED in main_file(site, RELAY)


def test_a_command_seals_what_it_writes(site: Site) -> None:
    """Also a setting that is secret; the log, the plan and `main` have the word."""
    done = site.ask("edit", command="setting.set", name="RELAY_PASSWORD", value=PLANTED)
    assert PLANTED not in f"{done}"
    assert main_file(site, "mailserver.env").count("\nRELAY_PASSWORD=age:") == 1
    assert PLANTED.encode() not in objects(site)
    site.must_agree()


def test_a_push_in_the_clear_is_refused_with_the_command(site: Site) -> None:
    """And the sealed file goes through, in review as before but for the secret."""
    clone = site.clone()
    done = clone.change(RELAY, f"@example.test me:{PLANTED}\n")
    assert done.returncode != 0
    assert f"mailctl seal {RELAY}" in done.stderr
    assert PLANTED not in done.stderr
    clone.git("reset", "-q", "--hard", "origin/main")
    done = clone.change(RELAY, f"@example.test me:{seal(clone, PLANTED)}\n")
    assert done.returncode == 0, done.stderr
    assert "age:" not in done.stderr
    site.must_agree()


def seal(clone: Clone, text: str) -> str:
    """As anybody with a clone can."""
    return secrets.seal_value(text, (clone.path / secrets.RECIPIENT).read_text())


def test_what_was_sealed_for_somebody_else_is_refused(site: Site, tmp_path: Path) -> None:
    """With file and line; one that is there already blocks nobody."""
    (tmp_path / "other").mkdir()
    stranger = secrets.recipient_of(secrets.ensure_identity(tmp_path / "other"))
    clone = site.clone()
    done = clone.change(RELAY, f"\n@example.test me:{secrets.seal_value('x', stranger)}\n")
    assert done.returncode != 0
    assert f"{RELAY}:2: a sealed value cannot be opened" in done.stderr
    assert "seal it again" in done.stderr
    clone.git("reset", "-q", "--hard", "origin/main")
    assert clone.change(RELAY, f"@example.test me:{seal(clone, 'x')}\n").returncode == 0


@pytest.mark.parametrize("damage", ["lost", "cut"])
def test_a_lost_identity_is_told_and_no_other_made(site: Site, damage: str) -> None:
    """While something is sealed for it: other changes go on, and all is well when it is put back."""
    clone = site.clone()
    assert clone.change(RELAY, f"@example.test me:{seal(clone, 'x')}\n").returncode == 0
    site.stop()
    file, told = site.places.root / "control" / secrets.IDENTITY, main_file(site, secrets.RECIPIENT)
    kept = file.read_bytes()
    file.write_bytes(kept[:20])
    if damage == "lost":
        file.unlink()
    site.start()
    [found] = site.ask("status")["damage"]
    assert (found["part"], "backup" in found["cure"]) == ("identity", True)
    assert site.add("user1@example.test")["outcome"]["outcome"] == "applied"
    assert main_file(site, secrets.RECIPIENT) == told
    assert clone.git("pull", "-q", "--rebase").returncode == 0
    assert clone.change(RELAY, f"@other.test me:{seal(clone, 'y')}\n").returncode != 0
    site.stop()
    file.write_bytes(kept)
    site.start()
    assert not site.ask("status")["damage"]


def test_a_lost_identity_that_nothing_is_sealed_for_is_made_anew(site: Site) -> None:
    """`main` names the new one."""
    site.stop()
    (site.places.root / "control" / secrets.IDENTITY).unlink()
    site.start()
    assert main_file(site, secrets.RECIPIENT) == f"{secrets.recipient_of(identity(site))}\n"
    assert [row["part"] for row in site.ask("status")["repairs"]] == ["identity"]


def test_another_recipient_is_refused(site: Site, tmp_path: Path) -> None:
    """Otherwise everybody would seal for the person who pushed it."""
    clone = site.clone()
    clone.write(secrets.RECIPIENT, f"{secrets.recipient_of(secrets.ensure_identity(tmp_path))}\n")
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert "not the recipient of this server" in done.stderr


@pytest.mark.parametrize(
    ("path", "cure"),
    [
        (RELAY, f"mailctl seal {RELAY}"),
        ("config/dovecot-masters.cf", "mailctl seal config/dovecot-masters.cf"),
        ("config/postfix-accounts.cf", "write it in the clear"),
        ("config/postfix-main.cf", "write it in the clear"),
    ],
)
def test_a_file_whose_lines_are_read_is_not_sealed_whole(site: Site, path: str, cure: str) -> None:
    """It could not be reviewed, and the server reads its lines."""
    clone = site.clone()
    clone.write(path, secrets.seal(b"x", (clone.path / secrets.RECIPIENT).read_text()))
    clone.commit()
    done = clone.push()
    assert done.returncode != 0
    assert path in done.stderr
    assert cure in done.stderr


def test_a_setting_that_is_no_secret_is_not_sealed(site: Site) -> None:
    """Nothing would open it."""
    clone = site.clone()
    done = clone.change("mailserver.env", f"RELAY_USER={seal(clone, 'me')}\n")
    assert done.returncode != 0
    assert "RELAY_USER is no secret" in done.stderr


def pinned(site: Site) -> dict[str, str | None]:
    """What the environment pins, as status shows it."""
    found: dict[str, str | None] = site.ask("status")["pins"]
    return found


def test_a_rotated_pinned_secret_is_a_new_release(site: Site) -> None:
    """The log holds only a digest, and settings a word that distinguishes one secret from another."""
    words = []
    for value in (PLANTED, f"new-{PLANTED}", f"new-{PLANTED}"):
        site.stop()
        site.environment["RELAY_PASSWORD"] = value
        site.start()
        words.append(site.daemon.intake.state.settings.relay_password)
    assert words[0] != words[1] == words[2]
    assert all(word.startswith("env:RELAY_PASSWORD:") for word in words)
    assert pinned(site) == {"RELAY_PASSWORD": None}
    assert PLANTED.encode() not in objects(site)


def test_a_setting_comes_from_a_file(site: Site, tmp_path: Path) -> None:
    """NAME__FILE pins it, secret or not; the end of the line does not belong to it."""
    for name, text in (("RELAY_PASSWORD", f"{PLANTED}\n"), ("SPAM_SUBJECT", "[SPAM] \r\n")):
        (tmp_path / name).write_text(text)
        site.environment[f"{name}__FILE"] = str(tmp_path / name)
    site.stop()
    site.start()
    assert pinned(site) == {"RELAY_PASSWORD": None, "SPAM_SUBJECT": "[SPAM] "}
    assert site.ask("status")["environment"] == []


@pytest.mark.parametrize(
    ("both", "text", "complaint"),
    [
        (True, "x", "RELAY_HOST and RELAY_HOST__FILE are both set"),
        (False, None, "No such file or directory, so RELAY_HOST has no effect"),
        (False, "a\nb", "more than one line"),
    ],
)
def test_a_file_that_gives_no_value_is_told(
    site: Site, tmp_path: Path, both: bool, text: str | None, complaint: str
) -> None:
    """The server starts, `main` decides, and status says why."""
    if text is not None:
        (tmp_path / "value").write_text(text)
    site.environment["RELAY_HOST__FILE"] = str(tmp_path / "value")
    site.environment |= {"RELAY_HOST": "relay.example.test"} if both else {}
    site.stop()
    site.start()
    assert pinned(site) == {}
    (told,) = site.ask("status")["environment"]
    assert complaint in told
