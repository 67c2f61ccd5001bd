"""Hand edits on the config volume, as people are used to make them, become changes like all others."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.polling import poll
from tests.integration.server import Server

VOLUME = "/tmp/docker-mailserver"
SECRET = (
    "{SHA512-CRYPT}$6$abcdefgh$"
    "ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."
)
OLD = "old@example.test"
ACCOUNTS, VIRTUAL, REGEXP = "postfix-accounts.cf", "postfix-virtual.cf", "postfix-regexp.cf"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


@dataclass(frozen=True)
class Site:
    """A server, and the folder of this machine that is its config volume."""

    server: Server
    folder: Path

    def read(self, name: str) -> str:
        """A file of the volume, empty where there is none."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def append(self, name: str, text: str) -> None:
        """Add to a file in place, as `echo … >>` does."""
        with (self.folder / name).open("a") as file:
            file.write(text)

    def logged(self, *filters: str) -> list[dict[str, Any]]:
        """What came from the volume."""
        return self.server.log("--source", "config-volume", *filters)

    def refused(self) -> dict[str, str]:
        """The files that are not taken over, and why."""
        return {row["path"]: row["reason"] for row in self.server.status()["volume_refused"]}


def filled(folder: Path) -> Path:
    """A folder as somebody brings it along from years of use."""
    folder.mkdir()
    (folder / ACCOUNTS).write_text(f"# the staff\n\n{OLD}|{SECRET}\nolder@example.test|{SECRET}\n")
    (folder / VIRTUAL).write_text(f"# ours\nteam@example.test  {OLD}\n")
    (folder / "postfix-main.cf").write_text("# long bounces\nbounce_queue_lifetime = 3d\n")
    (folder / "notes").mkdir()
    (folder / "notes/readme.txt").write_text("not for the server\n")
    patches = folder / "user-patches.sh"
    patches.write_text("#!/bin/bash\n")
    patches.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def site(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A server that was started with a filled volume."""
    folder = filled(tmp_path_factory.mktemp("volume") / "config")
    settings = {"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed", "POSTFIX_MESSAGE_SIZE_LIMIT": "20480000"}
    return Site(start(settings, volumes={str(folder): VOLUME}), folder)


@pytest.mark.shows(
    "optional-config", "postfix-accounts.cf", "postfix-virtual.cf", "postfix-main.cf", "user-management"
)
def test_an_existing_configuration_is_imported(site: Site, tmp_path: Path) -> None:
    """Files that are there at the first start become main and serve, with comments, order and modes."""
    with site.server.imap(OLD, "secret"):
        pass
    clone = site.server.clone(tmp_path / "clone")
    for name in (ACCOUNTS, VIRTUAL, "postfix-main.cf", "notes/readme.txt", "user-patches.sh"):
        assert (clone.path / "config" / name).read_text() == site.read(name), name
    assert "100755" in clone.git("ls-files", "-s", "config/user-patches.sh")
    assert site.read(ACCOUNTS).startswith("# the staff\n\n")
    imported = site.server.log("--source", "import")
    assert {"account.added", "alias.added", "override.changed"} <= {entry["kind"] for entry in imported}
    assert site.server.must("postconf", "-h", "bounce_queue_lifetime").strip() == "3d"


@pytest.mark.shows("environment", "POSTFIX_MESSAGE_SIZE_LIMIT")
def test_the_containers_environment_pins(site: Site, tmp_path: Path) -> None:
    """Its values win, are shown in status and recorded; a plan that would change one says so."""
    assert site.server.status()["pins"]["POSTFIX_MESSAGE_SIZE_LIMIT"] == "20480000"
    assert "POSTFIX_MESSAGE_SIZE_LIMIT=20480000" in site.server.must("mailctl", "status")
    assert site.server.must("postconf", "-h", "message_size_limit").strip() == "20480000"
    assert site.server.log("--kind", "setting.pinned", "--subject", "POSTFIX_MESSAGE_SIZE_LIMIT")
    clone = site.server.clone(tmp_path / "clone")
    clone.write("mailserver.env", "POSTFIX_MESSAGE_SIZE_LIMIT=5\n", append=True)
    clone.commit("Shrink mails")
    push = clone.push("HEAD:main", "-o", "dry-run")
    assert "pinned by the environment to '20480000'" in push.said


def test_main_is_projected_to_the_volume(site: Site, tmp_path: Path) -> None:
    """What a command or a push changes is there to be read, and does not come back as an edit."""
    edits = len(site.logged())
    user = site.server.add_account("seen@example.test")
    poll(lambda: user in site.read(ACCOUNTS), "the account on the volume", 5)
    clone = site.server.clone(tmp_path / "clone")
    push = clone.change(f"config/{REGEXP}", f"/^seen-/ {user}\n", "Add an expression")
    assert push.accepted, push.said
    poll(lambda: user in site.read(REGEXP), "the new file on the volume", 5)
    clone.git("rm", "-q", f"config/{REGEXP}")
    clone.commit("Remove the expression")
    assert clone.push().accepted
    poll(lambda: not (site.folder / REGEXP).exists(), "the file is gone from the volume", 5)
    assert len(site.logged()) == edits


@pytest.mark.shows("postfix-virtual.cf", "user-management")
def test_an_appended_line_is_live_within_a_second(site: Site) -> None:
    """The log has it within a second of the edit, and mail arrives."""
    took = []
    for number in (1, 2, 3):
        site.append(VIRTUAL, f"hand{number}@example.test {OLD}\n")
        edited = (site.folder / VIRTUAL).stat().st_mtime
        found = poll(lambda n=number: site.logged("--subject", f"hand{n}@example.test"), "it is logged", 5)  # type: ignore[misc]
        took.append(datetime.fromisoformat(found[-1]["time"]).timestamp() - edited)
        assert (found[-1]["actor"], found[-1]["kind"]) == ("config-volume", "alias.added")
    assert min(took) < 1.0, took
    made = poll(lambda: site.server.deliver("hand3@example.test"), "mail to the alias is taken", 10)
    site.server.wait_for_mail(OLD, made, password="secret")


@pytest.mark.shows("postfix-accounts.cf", "user-management")
def test_an_account_by_hand_logs_in(site: Site) -> None:
    """A line in postfix-accounts.cf is an account, as ever."""
    site.append(ACCOUNTS, f"byhand@example.test|{SECRET}\n")

    def live() -> bool:
        return any(entry["live"] for entry in site.logged("--subject", "byhand@example.test"))

    poll(live, "the account is live", 5)  # not by logging in: Dovecot slows down who fails
    with site.server.imap("byhand@example.test", "secret"):
        pass


@pytest.mark.shows("postfix-regexp.cf")
def test_new_and_replaced_and_deleted_files_are_changes(site: Site) -> None:
    """A file that comes, one that an editor replaces by renaming, and one that goes."""
    (site.folder / REGEXP).write_text(f"/^sales-.*@example\\.test$/ {OLD}\n")
    poll(lambda: site.logged("--kind", "regexp.added"), "the new file is logged", 5)
    aside = site.folder / f".{REGEXP}.swp"
    aside.write_text(f"/^orders-.*@example\\.test$/ {OLD}\n")
    aside.replace(site.folder / REGEXP)
    poll(lambda: site.logged("--text", "orders-"), "the replaced file is logged", 5)
    (site.folder / REGEXP).unlink()
    poll(lambda: site.logged("--kind", "regexp.removed", "--text", "orders-"), "its end is logged", 5)
    assert not site.server.rev(f"main:config/{REGEXP}")
    (site.folder / "rspamd").mkdir(exist_ok=True)
    (site.folder / "rspamd/notes.txt").write_text("in a new folder\n")
    poll(lambda: site.server.rev("main:config/rspamd/notes.txt"), "a file in a new folder", 5)


LINE_BY_LINE = ': >"$2"; while IFS= read -r line; do sleep 0.7; printf "%s\\n" "$line" >>"$2"; done <"$1"'


def test_a_file_written_line_by_line_removes_nobody(site: Site, tmp_path: Path) -> None:
    """A script that empties a file and writes its lines with pauses: one change, and logins go on."""
    before = len(site.logged())
    text = site.read(ACCOUNTS)
    (tmp_path / "new").write_text(f"slow@example.test|{SECRET}\n{text}")
    words = ["bash", "-c", LINE_BY_LINE, "-", str(tmp_path / "new"), str(site.folder / ACCOUNTS)]
    with subprocess.Popen(words) as edit:
        while edit.poll() is None:
            with site.server.imap(OLD, "secret"):
                pass
    poll(lambda: site.logged("--subject", "slow@example.test"), "the new account is logged", 10)
    assert [(e["kind"], e["subject"]) for e in site.logged()[before:]] == [
        ("account.added", "slow@example.test")
    ]
    assert not site.refused()


def test_a_line_that_is_taken_out_by_hand_is_a_removal(site: Site) -> None:
    """After a moment in which nobody wrote to the file."""
    lines = site.read(ACCOUNTS).splitlines(keepends=True)
    (site.folder / ACCOUNTS).write_text("".join(line for line in lines if not line.startswith("slow@")))
    found = poll(lambda: site.logged("--kind", "account.removed"), "it is logged", 10)
    assert [entry["subject"] for entry in found] == ["slow@example.test"]


def test_a_wrong_edit_is_told_and_left(site: Site) -> None:
    """Status and log name file, line and cure; the file stays, other changes go on, mending heals."""
    before, main = site.read(VIRTUAL), site.server.rev("main")
    site.append(VIRTUAL, "x@example.test not an address@@\n")
    broken = site.read(VIRTUAL)
    line = len(broken.splitlines())
    reason = poll(lambda: site.refused().get(VIRTUAL), "status names the file", 5)
    assert f":{line}: " in reason
    assert "not an address@@" in reason
    assert "write one or more addresses" in reason
    assert site.server.rev("main") == main
    assert VIRTUAL in site.server.must("mailctl", "status")
    assert site.server.log("--kind", "edit.refused", "--text", VIRTUAL)

    site.server.must("setup", "alias", "add", "meanwhile@example.test", OLD)
    site.append(ACCOUNTS, f"meanwhile2@example.test|{SECRET}\n")
    poll(lambda: site.logged("--subject", "meanwhile2@example.test"), "other files are taken over", 5)
    assert site.read(VIRTUAL) == broken

    (site.folder / VIRTUAL).write_text(before + f"mended@example.test {OLD}\n")
    poll(lambda: not site.refused(), "it is mended", 5)
    aliases = site.server.must("setup", "alias", "list")
    assert "mended@example.test" in aliases
    assert "meanwhile@example.test" in aliases, "the command's change must survive the mending"
    poll(lambda: "meanwhile@example.test" in site.read(VIRTUAL), "both are on the volume", 5)


def test_emptied_accounts_are_not_believed(site: Site) -> None:
    """A volume that lost its accounts does not delete everybody: that takes a push with its option."""
    before = site.read(ACCOUNTS)
    (site.folder / ACCOUNTS).write_text("")
    assert "accounts" in poll(lambda: site.refused().get(ACCOUNTS), "it is refused", 5)
    assert OLD in site.server.must("setup", "email", "list")
    (site.folder / ACCOUNTS).write_text(before)
    poll(lambda: not site.refused(), "it is mended", 5)


def test_a_private_key_stays_where_it_is(site: Site) -> None:
    """It is left on the volume, never comes into the repository, and is reported but in its own place."""
    for name in ("ssl", "keys"):
        (site.folder / name).mkdir(exist_ok=True)
        (site.folder / name / "key.pem").write_text(KEY)
    poll(lambda: "keys/key.pem" in site.refused(), "status names the key", 5)
    assert list(site.refused()) == ["keys/key.pem"]
    for name in ("ssl", "keys"):
        assert site.read(f"{name}/key.pem") == KEY
        assert not site.server.rev(f"main:config/{name}/key.pem")
        (site.folder / name / "key.pem").unlink()
    poll(lambda: not site.refused(), "it is gone", 5)


def test_nothing_came_twice(site: Site) -> None:
    """Each edit above is one change set; projection and watch do not chase each other."""
    kinds = ("account.added", "alias.added")
    subjects = [entry["subject"] for entry in site.logged() if entry["kind"] in kinds]
    assert len(subjects) == len(set(subjects))
    position = site.server.status()["position"]
    until = time.monotonic() + 1.2
    poll(lambda: time.monotonic() > until, "a quiet moment", 5)
    assert site.server.status()["position"] == position
    assert site.server.status()["volume_refused"] == []
    assert not list(site.folder.rglob(".git-mailserver*"))
    site.server.must("mailctl", "verify")


def test_a_read_only_volume_is_fine(start: Callable[..., Server], tmp_path: Path) -> None:
    """It is imported and watched; changes from elsewhere live in the repository alone."""
    folder = filled(tmp_path / "config")
    settings = {"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed"}
    server = start(settings, volumes={str(folder): f"{VOLUME}:ro"})
    site = Site(server, folder)
    with server.imap(OLD, "secret"):
        pass
    user = server.add_account("elsewhere@example.test")
    with server.imap(user):
        pass
    assert user not in site.read(ACCOUNTS)
    position = server.status()["position"]
    site.append(VIRTUAL, f"outside@example.test {OLD}\n")
    poll(lambda: site.logged("--subject", "outside@example.test"), "the edit from outside is logged", 5)
    assert user in server.must("setup", "email", "list")
    assert server.status()["healthy"]
    assert server.status()["position"] > position


def mount(folder: Path, version: str, files: dict[str, str]) -> None:
    """As Kubernetes mounts a ConfigMap: files in a folder of their version, and links through `..data`."""
    (folder / f"..{version}").mkdir()
    for name, text in files.items():
        (folder / f"..{version}" / name).write_text(text)
    (folder / "..data_tmp").symlink_to(f"..{version}")
    (folder / "..data_tmp").replace(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


@pytest.mark.shows("kubernetes")
def test_a_whole_config_map_is_the_volume(start: Callable[..., Server], tmp_path: Path) -> None:
    """Each file is read through its links, at the first start and when a new version is swapped in."""
    folder = tmp_path / "config"
    folder.mkdir()
    files = {ACCOUNTS: f"{OLD}|{SECRET}\n", "postfix-main.cf": "bounce_queue_lifetime = 3d\n"}
    mount(folder, "2026_01", files)
    settings = {"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed"}
    server = start(settings, volumes={str(folder): f"{VOLUME}:ro"})
    with server.imap(OLD, "secret"):
        pass
    assert server.must("postconf", "-h", "bounce_queue_lifetime").strip() == "3d"
    files |= {
        VIRTUAL: f"mapped@example.test {OLD}\n",
        ACCOUNTS: files[ACCOUNTS] + f"second@example.test|{SECRET}\n",
    }
    mount(folder, "2026_02", files)
    site = Site(server, folder)
    poll(lambda: site.logged("--subject", "second@example.test"), "the new version is logged", 10)
    made = poll(lambda: server.deliver("mapped@example.test"), "mail to the alias is taken", 10)
    server.wait_for_mail(OLD, made, password="secret")
    assert not site.refused()
