"""Files of the config folder that an override or a script names are part of the release."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import Clone, Server

VOLUME = "/tmp/docker-mailserver"
MAIN, TABLE = "config/postfix-main.cf", "config/own-routes.cf"
USER = "user@example.test"


def reference(kind: str = "texthash", path: str = f"{VOLUME}/own-routes.cf") -> str:
    """A postfix-main.cf that names the table."""
    return f"# own routes\ntransport_maps = {kind}:{path}\n"


def routes(where: str) -> str:
    """The table: mail of one domain is thrown away, with this word."""
    return f"routed.example.org  discard:{where}\n"


@dataclass(frozen=True)
class Site:
    """A server, the folder of this machine that is its config volume, and a clone."""

    server: Server
    folder: Path
    clone: Clone

    def delivered(self, word: str) -> None:
        """Send a message and wait until it went the way that the table says."""
        address = f"x{word}@routed.example.org"
        self.server.must("sendmail", "-f", USER, address, stdin="Subject: x\n\nx\n")
        line = f"to=<{address}>.*[(]{word}[)]"
        logged = ("grep", "-E", line, "/var/log/mail/mail.log")
        poll(lambda: self.server.run(*logged).stdout, f"mail is routed to {word}", 10)

    def served(self) -> bool:
        """Whether the newest release serves, with nothing held."""
        status = self.server.status()
        return bool(not status["failure"] and not status["held"] and status["applied"] == status["release"])

    def failed(self) -> bool:
        """Whether the newest release was tried, and something of it is held back."""
        status = self.server.status()
        return status["attempted"] == status["release"] and bool(status["failure"] or status["held"])


@pytest.fixture(scope="module")
def site(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A server with an empty volume and an account."""
    folder = tmp_path_factory.mktemp("volume") / "config"
    folder.mkdir()
    settings = {"ENABLE_RSPAMD": "0"}
    server = start(settings, volumes={str(folder): VOLUME})
    server.add_account(USER)
    return Site(server, folder, server.clone(tmp_path_factory.mktemp("clone") / "repo"))


@pytest.fixture
def own(site: Site) -> Iterator[Site]:
    """The site; afterwards neither table nor reference is there."""
    yield site
    site.clone.back()
    for name in (MAIN, TABLE, "config/user-patches.sh", "config/dovecot.cf", "config/sub/more.conf"):
        (site.clone.path / name).unlink(missing_ok=True)
    if site.clone.git("status", "--porcelain"):
        site.clone.commit("Take all away")
        assert site.clone.push().accepted


def push(own: Site, main: str | None, table: str | None) -> None:
    """Both files in one push (None: removed), which has to be accepted."""
    for name, text in ((MAIN, main), (TABLE, table)):
        if text is None:
            (own.clone.path / name).unlink(missing_ok=True)
        else:
            own.clone.write(name, text)
    own.clone.commit("Change the routes")
    pushed = own.clone.push()
    assert pushed.accepted, pushed.said
    poll(own.served, "the release serves", 20)


@pytest.mark.parametrize("kind", ["texthash", "hash", "lmdb", "btree"])
def test_a_table_and_its_reference_come_and_go_together(own: Site, kind: str) -> None:
    """In one push; a change of the table alone counts, without anybody doing anything."""
    push(own, reference(kind), routes("first"))
    own.delivered("first")
    assert (own.folder / "own-routes.cf").read_text() == routes("first")
    push(own, reference(kind), routes("second"))
    own.delivered("second")
    push(own, None, None)
    poll(lambda: not list(own.folder.glob("own-routes.cf*")), "the table and what was made of it is gone", 10)
    assert own.server.must("postconf", "-h", "transport_maps").strip() == ""
    assert own.served()


def test_a_parameter_may_stand_in_the_path(own: Site) -> None:
    """The file that the expanded path names is the one."""
    main = "own_folder = /tmp/docker-mailserver\n" + reference(path="${own_folder}/own-routes.cf")
    push(own, main, routes("expanded"))
    own.delivered("expanded")


def test_a_table_that_is_named_is_not_removed_alone(own: Site) -> None:
    """The push is refused with the line that names it; so is a removal on the volume, which is undone."""
    push(own, reference(), routes("stays"))
    (own.clone.path / TABLE).unlink()
    own.clone.commit("Remove the table")
    pushed = own.clone.push()
    assert not pushed.accepted
    assert f"{MAIN}:2" in pushed.said
    assert "own-routes.cf" in pushed.said
    table = own.folder / "own-routes.cf"
    table.unlink()
    poll(table.exists, "the table is there again", 10)
    own.delivered("stays")


def test_an_edit_on_the_volume_counts(own: Site) -> None:
    """As a push does, and nobody's text is replaced."""
    push(own, reference(), routes("pushed"))
    own.delivered("pushed")
    table = own.folder / "own-routes.cf"
    table.write_text(routes("byhand"))
    poll(lambda: routes("byhand") == _on_main(own), "the edit is on main", 10)
    poll(own.served, "it serves", 10)
    own.delivered("byhand")
    assert table.read_text() == routes("byhand")


def test_a_refused_edit_is_not_served(own: Site) -> None:
    """It is kept beside, and the file is what was checked again."""
    push(own, reference("hash"), routes("checked"))
    own.delivered("checked")
    table = own.folder / "own-routes.cf"
    table.write_text(routes("unchecked") + "onlyakey\n")
    poll(lambda: table.read_text() == routes("checked"), "the table is as it was", 10)
    assert (own.folder / "own-routes.cf.rej").read_text() == routes("unchecked") + "onlyakey\n"
    own.delivered("checked")
    (own.folder / "own-routes.cf.rej").unlink()


def _on_main(own: Site) -> str:
    own.clone.git("fetch", "-q")
    return own.clone.git("show", f"origin/main:{TABLE}")


def test_a_bad_table_is_refused_with_its_line(own: Site) -> None:
    """What postmap says of it, at the file of main."""
    push(own, reference(), routes("good"))
    own.clone.write(TABLE, routes("good") + "onlyakey\n")
    own.clone.commit("Break the table")
    pushed = own.clone.push()
    assert not pushed.accepted
    assert f"{TABLE}:2" in pushed.said
    own.delivered("good")


def test_a_failed_release_brings_the_table_back(own: Site) -> None:
    """The file on the volume is what serves, although `main` says otherwise."""
    push(own, reference(), routes("before"))
    own.clone.write("config/user-patches.sh", "#!/bin/bash\nexit 3\n")
    own.clone.write(TABLE, routes("after"))
    own.clone.commit("Change the routes and fail")
    assert own.clone.push().accepted
    poll(own.failed, "it failed", 20)
    own.delivered("before")
    assert (own.folder / "own-routes.cf").read_text() == routes("before")
    (own.clone.path / "config/user-patches.sh").unlink()
    own.clone.commit("Mend it")
    assert own.clone.push().accepted
    poll(lambda: (own.folder / "own-routes.cf").read_text() == routes("after"), "it serves now", 20)
    own.delivered("after")


def test_an_emptied_volume_is_filled_again_at_once(own: Site) -> None:
    """While the server is up: with folders in it, and although nothing else happens."""
    push(own, reference(), routes("kept"))
    poll(lambda: (own.folder / "postfix-accounts.cf").exists(), "the accounts are there", 10)
    for each in own.folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    for name in ("own-routes.cf", "postfix-accounts.cf", "postfix-main.cf"):
        poll((own.folder / name).exists, f"{name} is there again", 5)
    own.delivered("kept")
    assert USER in own.server.must("setup", "email", "list")


def test_a_volume_lost_while_down_is_filled_at_the_start(own: Site) -> None:
    """What is named is there before whoever names it starts."""
    push(own, reference(), routes("restart"))
    container = own.server.container
    container.stop()
    for each in own.folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    container.start()
    own.server.wait_healthy()
    own.delivered("restart")
    poll((own.folder / "postfix-accounts.cf").exists, "the accounts are there again", 10)
    assert USER in own.server.must("setup", "email", "list")


def test_a_script_gets_the_new_file(own: Site) -> None:
    """What it copies is what the same push brings, and it runs again where only that changes."""
    script = "#!/bin/bash\ncp /tmp/docker-mailserver/own-routes.cf /etc/postfix/copied\n"
    own.clone.write("config/user-patches.sh", script)
    push(own, None, routes("copied"))
    poll(lambda: own.server.run("cat", "/etc/postfix/copied").stdout == routes("copied"), "it is copied", 20)
    push(own, None, routes("again"))
    poll(lambda: own.server.run("cat", "/etc/postfix/copied").stdout == routes("again"), "and again", 20)


def test_dovecot_reads_an_include_of_the_same_push(own: Site) -> None:
    """Its checker, too; a mistake in it has its line."""
    own.clone.write("config/dovecot.cf", "!include /tmp/docker-mailserver/sub/more.conf\n")
    own.clone.write("config/sub/more.conf", "mail_max_userip_connections = 77\n")
    own.clone.commit("Include a file")
    pushed = own.clone.push()
    assert pushed.accepted, pushed.said
    own.clone.write("config/sub/more.conf", "mail_max_userip_connections = 77\nnonsense = 1\n")
    own.clone.commit("Break it")
    pushed = own.clone.push()
    assert not pushed.accepted
    assert "config/sub/more.conf:2" in pushed.said


def test_an_import_brings_both(own: Site, tmp_path: Path) -> None:
    """A folder that works elsewhere is taken as it is."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "postfix-main.cf").write_text(reference("hash"))
    (folder / "own-routes.cf").write_text(routes("imported"))
    archive = subprocess.run(["tar", "-C", str(tmp_path), "-c", "config"], capture_output=True, check=True)
    own.server.container.put_archive("/root", archive.stdout)
    own.server.must("mailctl", "import", "/root/config")
    poll(own.served, "it serves", 20)
    own.delivered("imported")


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_a_first_start_takes_both(fresh: Callable[..., Server], tmp_path: Path, mode: str) -> None:
    """Also from a volume that is only read, where the table is changed on the volume alone."""
    folder = tmp_path / "config"
    folder.mkdir()
    kind = "hash" if mode == "rw" else "texthash"
    (folder / "postfix-main.cf").write_text(reference(kind))
    (folder / "own-routes.cf").write_text(routes("first"))
    server = fresh({"ENABLE_RSPAMD": "0", "SMTP_ONLY": "1"}, volumes={str(folder): f"{VOLUME}:{mode}"})
    clone = server.clone(tmp_path / "clone")
    site = Site(server, folder, clone)
    poll(site.served, "it serves", 20)
    site.delivered("first")
    (folder / "own-routes.cf").write_text(routes("byhand"))
    poll(lambda: "byhand" in _on_main(site), "the edit is on main", 20)
    poll(site.served, "it serves", 20)
    site.delivered("byhand")
    clone.back()
    pushed = clone.change(TABLE, routes("pushed"))
    if mode == "ro":
        assert not pushed.accepted
        assert f"{TABLE}" in pushed.said
        assert "read-only" in pushed.said
        site.delivered("byhand")
    else:
        assert pushed.accepted, pushed.said
        poll(site.served, "it serves", 20)
        site.delivered("pushed")
