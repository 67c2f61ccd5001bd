"""Who may open a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.files.access import READ, WRITE, Account, account, may_open

OWNER = os.getuid()


@pytest.mark.parametrize(
    ("mode", "who", "wanted", "allowed"),
    [
        (0o600, Account(OWNER + 1, ()), READ, False),
        (0o644, Account(OWNER + 1, ()), READ, True),
        (0o640, Account(OWNER + 1, (os.getgid(),)), READ, True),
        (0o604, Account(OWNER + 1, (os.getgid(),)), READ, False),
        (0o644, Account(OWNER + 1, ()), WRITE, False),
        (0o666, Account(OWNER + 1, ()), WRITE, True),
        (0o000, Account(0, ()), READ, True),
    ],
)
def test_a_file(tmp_path: Path, mode: int, who: Account, wanted: int, allowed: bool) -> None:
    """The bits of the owner, of the group or of others count, as the kernel takes them; root may."""
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    assert may_open(file, who, wanted, tmp_path) == allowed


def test_the_way_to_it(tmp_path: Path) -> None:
    """A folder that may not be passed hides what is in it; a link counts for what it leads to."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "file").touch(0o644)
    (tmp_path / "link").symlink_to(closed / "file")
    closed.chmod(0o700)
    other = Account(OWNER + 1, ())
    assert not may_open(tmp_path / "link", other, READ, tmp_path)
    closed.chmod(0o711)
    assert may_open(tmp_path / "link", other, READ, tmp_path)


def test_accounts() -> None:
    """A name that nobody has is no account."""
    assert account("root") == Account(0, account("root").groups)  # type: ignore[union-attr]
    assert account("no-such-user") is None
