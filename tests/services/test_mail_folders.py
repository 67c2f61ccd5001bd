"""Folders of new accounts: there with the account, owned as mail is, never through a link."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from services.dovecot import mail_folders
from services.dovecot.mail_folders import MailFolders

USERDB = "etc/dovecot/userdb"
HOME = "/var/mail/{1}/{0}/home"


def line(address: str) -> bytes:
    """A line of the passwd-file, owned by whoever runs the test."""
    home = HOME.format(*address.split("@"))
    return f"{address}:{{PLAIN}}x:{os.getuid()}:{os.getgid()}::{home}::userdb_x=/var/mail/a/b/home\n".encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A node's root folder with an empty mail volume."""
    (tmp_path / "var/mail").mkdir(parents=True)
    (tmp_path / "etc/dovecot").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def folders(root: Path) -> MailFolders:
    """The folders of that node."""
    return MailFolders(root, USERDB)


def _in_background() -> None:
    """Return when nothing is made in the background any more."""
    for thread in threading.enumerate():
        if thread.name == mail_folders.THREAD:
            thread.join(10)


def below(root: Path) -> list[str]:
    """Every folder of the mail volume."""
    mail = root / "var/mail"
    return sorted(str(path.relative_to(mail)) for path in mail.rglob("*"))


def test_a_new_account_has_its_folder_when_the_change_is_through(root: Path, folders: MailFolders) -> None:
    """Of every domain, for its owner alone; nothing else is made, and what is there stays."""
    (root / "var/mail/a.test/old").mkdir(parents=True)
    (root / "var/mail/a.test/old/cur").mkdir()
    folders.expect([line("old@a.test"), line("new@a.test"), line("o'x+tag@b.test"), b"no line\n"])
    folders.make()
    assert below(root) == ["a.test", "a.test/new", "a.test/old", "a.test/old/cur", "b.test", "b.test/o'x+tag"]
    assert (root / "var/mail/a.test/new").stat().st_mode & 0o777 == 0o700
    folders.make()


def test_only_what_is_new_is_looked_at(root: Path, folders: MailFolders) -> None:
    """A change after which nobody was named makes nothing; one that failed leaves nothing behind."""
    (root / USERDB).write_bytes(line("known@a.test"))
    folders.expect([line("failed@a.test")])
    folders.expect([])
    folders.make()
    assert below(root) == []


@pytest.mark.parametrize("count", [3, mail_folders.MOST + 1])
def test_accounts_that_came_with_the_folder_have_theirs(root: Path, folders: MailFolders, count: int) -> None:
    """At the first release, and after a large change: in the background, all of them."""
    accounts = [line(f"user{n}@a.test") for n in range(count)]
    (root / USERDB).write_bytes(b"".join(accounts))
    folders.expect_all() if count < mail_folders.MOST else folders.expect(accounts)
    folders.make()
    _in_background()
    assert len(below(root)) == count + 1


def test_no_link_leads_out_of_the_mail(root: Path, folders: MailFolders, tmp_path: Path) -> None:
    """A domain or account that is a link elsewhere is left as it is, and the others have their folders."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "var/mail/link.test").symlink_to(outside)
    (root / "var/mail/a.test").mkdir()
    (root / "var/mail/a.test/.mail-agent~evil").symlink_to(outside)
    folders.expect([line("x@link.test"), line("evil@a.test"), line("good@b.test")])
    folders.make()
    assert not any(outside.iterdir())
    assert not (root / "var/mail/a.test/evil").exists()
    assert (root / "var/mail/b.test/good").is_dir()
