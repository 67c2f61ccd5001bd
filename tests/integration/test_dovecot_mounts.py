"""Dovecot's configuration extended by mounted files, as the pages of the reference write them.

One container has all of them at once: search, encryption, folders, logins by Lua.
"""

from __future__ import annotations

import imaplib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.integration.conftest import Start
from tests.integration.polling import poll
from tests.integration.server import PASSWORD, Server

USER = "user1@example.com"
HERE = Path(__file__).parent
PAGES = HERE / "dovecot_pages"
LUA = HERE.parent / "examples/auth-lua/config/dovecot"
SEARCH = HERE.parent / "examples/full-text-search/config/dovecot"
OURS = HERE.parent / "golden/default/etc/dovecot/conf.d"
CLOUD = (HERE / "cloud.py").read_text()
PATTERNS = "postfix-regexp.cf"
FORMER, URL = "https://nextcloud.example.com/", "http://127.0.0.1:8081/"


def copied(folder: Path, name: str, old: str = "", new: str = "", source: Path = PAGES) -> str:
    """A copy of a page's file, with one text in place of another."""
    text = (source / name).read_text()
    assert old in text
    place = folder / name
    place.write_text(text.replace(old, new) if old else text)
    place.chmod(0o644)
    return str(place)


def keys(folder: Path) -> str:
    """A folder with the page's pair of keys."""
    folder.mkdir()
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ecprivkey.pem").write_bytes(secret)
    (folder / "ecpubkey.pem").write_bytes(public)
    return str(folder)


def config_volume(folder: Path) -> str:
    """What the server finds at its first start: a script for all mail and the program that it runs."""
    (folder / "sieve-pipe").mkdir(parents=True)
    (folder / "sieve-pipe/external-program").write_text("#!/bin/sh\ncat >> /tmp/piped\n")
    script = 'require ["vnd.dovecot.pipe", "copy"];\npipe :copy "external-program";\n'
    (folder / "before.dovecot.sieve").write_text(script)
    return str(folder)


def table(folder: Path) -> str:
    """Aliases for Postfix, in a file of the host."""
    (folder / "virtual").write_text(f"mounted@example.com {USER}\n")
    return str(folder / "virtual")


def patterns(folder: Path) -> str:
    """Aliases by expressions, in a file that is mounted into the config volume by itself."""
    (folder / PATTERNS).write_text(f"/^first@example\\.com$/ {USER}\n")
    return str(folder / PATTERNS)


@pytest.fixture(scope="module")
def mounted(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server with every page's files mounted."""
    folder = tmp_path_factory.mktemp("dovecot")
    lua = folder / "lua"
    lua.mkdir()
    copied(lua, "auth-httpbasic.lua", FORMER, URL, source=LUA / "lua")
    copied(lua, "base64.lua")
    archive = (
        "mailbox Archive {\n    special_use = \\Archive\n",
        "mailbox Archive {\n    auto = subscribe\n    special_use = \\Archive\n",
    )
    conf_d = "/etc/dovecot/conf.d"
    volumes = {
        copied(folder, "fts-xapian-plugin.conf", source=SEARCH): f"{conf_d}/10-plugin.conf:ro",
        copied(folder, "fts_xapian"): "/etc/cron.d/fts_xapian",
        copied(folder, "10-custom.conf"): f"{conf_d}/10-custom.conf",
        keys(folder / "certs"): "/certs",
        copied(folder, "15-mailboxes.conf", *archive, source=OURS): f"{conf_d}/15-mailboxes.conf:ro",
        copied(folder, "auth-ldap.conf.ext"): f"{conf_d}/auth-ldap.conf.ext:ro",
        copied(folder, "auth-lua-httpbasic.conf", source=LUA): f"{conf_d}/auth-lua-httpbasic.conf:ro",
        str(lua): "/etc/dovecot/lua/:ro",
        table(folder): "/etc/postfix/virtual:ro",
        config_volume(folder / "config"): "/tmp/docker-mailserver",
        patterns(folder): f"/tmp/docker-mailserver/{PATTERNS}:ro",
    }
    server = start({"ENABLE_RSPAMD": "0", "SSL_TYPE": "self-signed"}, volumes=volumes)
    server.add_account(USER)
    return server


@pytest.mark.shows("imap-folders", "dovecot")
def test_mounted_files_stand_in_for_ours(mounted: Server) -> None:
    """A file over one of ours holds, is left alone and shown as pinned; others are simply read."""
    assert mounted.status()["pinned"] == ["etc/dovecot/conf.d/15-mailboxes.conf", "etc/postfix/virtual"]
    with mounted.imap(USER) as session:
        listed = b" ".join(line for line in session.list()[1] if isinstance(line, bytes))
    assert b"\\Archive" in listed


@pytest.mark.shows("full-text-search")
def test_search_finds_parts_of_words(mounted: Server) -> None:
    """Mail is indexed as it comes; the page's commands index, rescan and optimize."""
    mounted.wait_for_mail(USER, mounted.deliver(USER, body="A marvellous quince."))

    def hits() -> bool:
        with mounted.imap(USER) as session:
            session.select("INBOX", readonly=True)
            return session.search(None, "BODY", "arvello")[1] == [b"1"]

    poll(hits, "the search finds it", 20)
    mounted.must("doveadm", "index", "-A", "-q", "*")
    mounted.must("doveadm", "fts", "rescan", "-A")
    poll(hits, "the search finds it again", 20)
    mounted.must("doveadm", "fts", "optimize", "-A")
    assert "xapian-indexes" in mounted.must("find", "/var/mail/example.com/user1", "-name", "xapian-indexes")


@pytest.mark.shows("mail_crypt")
def test_mail_is_encrypted_on_disk(mounted: Server) -> None:
    """What lies below /var/mail is unreadable, what a client gets is not."""
    made = mounted.deliver(USER, body="Nobody shall read this.")
    assert "Nobody shall read this." in mounted.wait_for_mail(USER, made)
    mail = "/var/mail/example.com/user1"
    assert mounted.run("grep", "-rqa", "Nobody shall", f"{mail}/new", f"{mail}/cur").returncode == 1
    stored = mounted.must("sh", "-c", f"head -qc 7 {mail}/new/* {mail}/cur/* 2>/dev/null || true")
    assert set(stored.split("CRYPTED")) == {""}


@pytest.mark.shows("auth-lua")
def test_logins_by_lua(mounted: Server) -> None:
    """The page's script asks a web server about the password; its answer decides."""
    mounted.container.exec_run(["python3", "-c", CLOUD], detach=True)
    mounted.must("sh", "-c", "until nc -z 127.0.0.1 8081; do sleep 0.1; done")
    with mounted.imap(USER, "application password") as session:
        assert session.noop()[0] == "OK"
    with pytest.raises(imaplib.IMAP4.error), mounted.imap(USER, "neither of the two"):
        pass
    with mounted.imap(USER, PASSWORD) as session:
        assert session.noop()[0] == "OK"


@pytest.mark.shows("sieve-pipe/", "before.dovecot.sieve")
def test_scripts_that_were_there_at_the_first_start(mounted: Server) -> None:
    """They may use what the configuration of the same release allows them; a lost mode does not matter."""
    made = mounted.deliver(USER)
    mounted.wait_for_mail(USER, made)
    assert str(made["Subject"]) in mounted.must("cat", "/tmp/piped")
    assert mounted.must("stat", "-c", "%s", "/usr/lib/dovecot/sieve-global/before/before.dovecot.svbin") > "0"


@pytest.mark.shows("optional-config")
def test_a_mounted_table_is_what_postfix_asks(mounted: Server) -> None:
    """The map beside it is made of the mounted file."""
    mounted.wait_for_mail(USER, mounted.deliver("mounted@example.com"))


@pytest.mark.shows("kubernetes", "postfix-regexp.cf")
def test_a_file_of_the_volume_may_be_mounted_by_itself(mounted: Server) -> None:
    """What is written to it on the host is noticed, as it is in a folder."""
    mounted.wait_for_mail(USER, mounted.deliver("first@example.com"))
    (source,) = (Path(m["Source"]) for m in mounted.container.attrs["Mounts"] if PATTERNS in m["Source"])
    with source.open("a") as file:
        file.write(f"/^second@example\\.com$/ {USER}\n")
    made = poll(lambda: mounted.deliver("second@example.com"), "the new alias is taken", 15, every=0.3)
    mounted.wait_for_mail(USER, made)


@pytest.mark.shows("full-text-search")
def test_new_accounts_are_indexed_at_once(mounted: Server) -> None:
    """Also the server's own, by which it tries itself: the program that indexes knows who is new."""
    for number in range(3):
        user = f"new{number}@example.com"
        mounted.add_account(user)
        mounted.wait_for_mail(user, mounted.deliver(user))
    told = mounted.must("cat", "/var/log/mail/mail.log").splitlines()
    assert not [line for line in told if "indexer-worker" in line and "Unknown user" in line]
