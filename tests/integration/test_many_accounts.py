"""A change beside thousands of accounts: tables are patched, and are what they would be from scratch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.polling import poll
from tests.integration.server import Server

MANY = 18_000
HASH = "{SHA512-CRYPT}$6$abcdefgh$" + "z" * 86
MAPS = ("/etc/postfix/vmailbox", "/etc/postfix/virtual")
PARTED = ("/etc/dovecot/userdb", "/etc/postfix/virtual")
"""Files that are large enough to be kept in parts on `rendered`."""
GIT = "git --git-dir=/var/mail-state/state.git"


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server whose maps are large enough to be copied and changed, and some files to be kept in parts."""
    folder = tmp_path_factory.mktemp("volume")
    accounts = [f"user{number}@domain{number % 7}.example.test" for number in range(MANY)]
    (folder / "postfix-accounts.cf").write_text("".join(f"{address}|{HASH}\n" for address in accounts))
    (folder / "postfix-virtual.cf").write_text("".join(f"alias.{a} {a}\n" for a in accounts))
    settings = {"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed"}
    return start(settings, volumes={str(folder): "/tmp/docker-mailserver"})


def must_agree(server: Server) -> None:
    """Each compiled map holds the rows of its source, and the log is what serves."""
    for path in MAPS:
        source = server.must("sed", "s/\t/ /", path).splitlines()
        compiled = server.must("sh", "-c", f"postmap -s lmdb:{path} | tr '\\t' ' '").splitlines()
        assert sorted(compiled) == sorted(source)
    for path in PARTED:
        folder = f"rendered:mail{path}"
        names = server.must("sh", "-c", f"{GIT} ls-tree --name-only {folder}").split()
        assert len(names) > 10
        shown = " ".join(f"{folder}/{name}" for name in names)
        server.must("sh", "-c", f"{GIT} show {shown} | cmp - {path}")
    assert server.status()["drift"] == []
    server.must("mailctl", "verify")


def test_changes_one_after_the_other(server: Server, tmp_path: Path) -> None:
    """Accounts and aliases come, change and go, by command and by push, also after the agent started anew."""
    server.add_account("new@domain1.example.test")
    with server.imap("new@domain1.example.test"):
        pass
    server.must("setup", "alias", "add", "zz@domain2.example.test", "new@domain1.example.test")
    server.must("setup", "alias", "add", "zz@domain2.example.test", "user1@domain1.example.test")
    must_agree(server)
    server.must("supervisorctl", "restart", "mail-agent")
    server.must("setup", "alias", "add", "aa@domain2.example.test", "new@domain1.example.test")
    server.must("setup", "email", "update", "new@domain1.example.test", "another")
    with server.imap("new@domain1.example.test", "another"):
        pass
    clone = server.clone(tmp_path / "clone")
    path = clone.path / "config/postfix-virtual.cf"
    lines = path.read_text().splitlines()
    lines[4_000:4_002] = ["middle@domain3.example.test new@domain1.example.test"]
    pushed = clone.change("config/postfix-virtual.cf", "\n".join(lines) + "\n")
    assert pushed.accepted, pushed.said
    wanted = "middle@domain3.example.test"
    poll(
        lambda: "new@" in server.run("postmap", "-q", wanted, "lmdb:/etc/postfix/virtual").stdout, "alias", 30
    )
    must_agree(server)
    server.must("sed", "-i", "s/^user7@/userx@/", "/etc/dovecot/userdb")
    server.must("setup", "email", "update", "new@domain1.example.test", "yet-another")
    must_agree(server)  # of a file that somebody edited nothing is taken over
    server.must("setup", "email", "del", "-y", "new@domain1.example.test")
    server.must("setup", "alias", "del", wanted, "new@domain1.example.test")
    must_agree(server)
