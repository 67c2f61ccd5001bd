"""How full mailboxes are: counted by Dovecot once, and again when something changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.commands import Ran
from agent.errors import Unavailable
from services.dovecot.mailbox_sizes import Usage

HEAD = "Username\tQuota name\tType\tValue\tLimit\t%\n"


class Doveadm:
    """Stands in for doveadm: answers with a size for every address, and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.size = 10
        self.failure = ""

    def __call__(self, command: Sequence[str], deadline: float) -> Ran:
        assert command[:6] == ("doveadm", "-f", "tab", "quota", "get", "-F")
        assert deadline > 0
        names = Path(command[6]).read_text().split()
        self.asked.append(names)
        if self.failure:
            return Ran(75, self.failure)
        rows = [
            f"{name}\tUser quota\t{kind}\t{value}\t-\t0\n"
            for name in names
            for kind, value in (("STORAGE", self.size), ("MESSAGE", 3))
        ]
        return Ran(0, HEAD + "".join(rows))


def _mailbox(mail: Path, user: str, *folders: str) -> None:
    for folder in ("", *folders):
        place = mail / "example.test" / user / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "dovecot.index.log").write_text("x")


@pytest.fixture
def doveadm() -> Doveadm:
    return Doveadm()


@pytest.fixture
def usage(tmp_path: Path, doveadm: Doveadm) -> Usage:
    return Usage(tmp_path / "mail", tmp_path / "run", tmp_path / "usage.json", doveadm)


A, B = "a@example.test", "b@example.test"


def test_who_never_had_mail_is_not_asked_for(usage: Usage, doveadm: Doveadm, tmp_path: Path) -> None:
    """Asking Dovecot would make the mailbox; nothing is in what is not there."""
    _mailbox(tmp_path / "mail", "a")
    assert usage.of([A, B]) == {A: 10}
    assert doveadm.asked == [[A]]
    assert not list((tmp_path / "run").iterdir())


def test_each_domain_has_a_folder_of_its_own(usage: Usage, doveadm: Doveadm, tmp_path: Path) -> None:
    """The same name in another domain is somebody else; a domain without mail has no folder yet."""
    _mailbox(tmp_path / "mail", "a")
    assert usage.of(["a@second.test", A, "a", "a@third.test"]) == {A: 10}
    assert doveadm.asked == [[A]]


@pytest.mark.parametrize("folder", [".Junk", "mailboxes/INBOX/dbox-Mails"])
def test_only_what_changed_is_counted_again(
    usage: Usage, doveadm: Doveadm, tmp_path: Path, folder: str
) -> None:
    """A change in any folder, of any mailbox format, is noticed; a mailbox that is gone is forgotten."""
    _mailbox(tmp_path / "mail", "a", folder)
    _mailbox(tmp_path / "mail", "b")
    usage.of([A, B])
    doveadm.size = 20
    assert usage.of([A, B]) == {A: 10, B: 10}
    log = tmp_path / "mail/example.test/a" / folder / "dovecot.index.log"
    os.utime(log, ns=(0, log.stat().st_mtime_ns + 1))
    assert usage.of([A, B]) == {A: 20, B: 10}
    assert doveadm.asked == [[A, B], [A]]
    assert usage.of([B]) == {B: 10}


def test_mail_at_another_place_is_always_asked_for(usage: Usage, doveadm: Doveadm) -> None:
    """Only Dovecot knows where it is."""
    assert usage.of([A], elsewhere=[A]) == {A: 10}
    doveadm.size = 30
    assert usage.of([A], elsewhere=[A]) == {A: 30}


def test_mail_without_an_index_is_counted(usage: Usage, tmp_path: Path) -> None:
    """A Maildir that was copied here has none yet."""
    (tmp_path / "mail/example.test/a/cur").mkdir(parents=True)
    assert usage.of([A]) == {A: 10}


@pytest.mark.parametrize("harm", [None, b"{", b'{"a@example.test": 1}'])
def test_a_restart_remembers(usage: Usage, doveadm: Doveadm, tmp_path: Path, harm: bytes | None) -> None:
    """What was counted is kept; a damaged file is as good as none."""
    _mailbox(tmp_path / "mail", "a")
    usage.of([A])
    if harm:
        (tmp_path / "usage.json").write_bytes(harm)
    later = Usage(tmp_path / "mail", tmp_path / "run", tmp_path / "usage.json", doveadm)
    assert later.of([A]) == {A: 10}
    assert len(doveadm.asked) == (2 if harm else 1)


def test_a_dovecot_that_cannot_count_is_told_of(usage: Usage, doveadm: Doveadm, tmp_path: Path) -> None:
    """Quotas are off in what runs, say: no figure is better than a wrong one."""
    _mailbox(tmp_path / "mail", "a")
    doveadm.failure = "Fatal: Unknown command 'quota'\n"
    with pytest.raises(Unavailable, match="Unknown command"):
        usage.of([A])
