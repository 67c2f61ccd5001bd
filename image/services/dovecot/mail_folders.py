"""The folders of new accounts below /var/mail, made with the account.

Dovecot makes them at the first login or message; backup jobs, mounts and monitoring look for them before.
What is inside stays Dovecot's business, so that every mailbox format finds what it expects.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from agent.files.beneath import folder_of, is_there
from agent.log import log
from agent.paths import ASIDE

MAIL = b"/var/mail/"
MOST = 100
"""Folders that a change waits for; those of a larger one are made while it serves."""
THREAD = "mail-folders"
MODE = 0o700
"""As Dovecot makes them: what it makes inside has the same rights."""


class Place(NamedTuple):
    """The folder `name` in that of its domain, `above`, and its owner: user and group id."""

    above: str
    name: str
    owner: tuple[int, int]


class MailFolders:
    """Makes folders below `root` for new accounts of `userdb`."""

    def __init__(self, root: Path, userdb: str) -> None:
        self._mail, self._userdb = root / MAIL.decode().strip("/"), root / userdb
        self._lines: list[bytes] = []
        self._all = False

    def expect(self, lines: Iterable[bytes]) -> None:
        """Name the accounts of the change at hand, by their lines of the passwd-file."""
        self._lines = list(lines)

    def expect_all(self) -> None:
        """The same for every account of the passwd-file, which is new as a whole."""
        self._all = True

    def make(self) -> None:
        """Make what is missing, in the background where it is much. Raises nothing."""
        lines, everybody = self._lines, self._all
        self._lines, self._all = [], False
        if everybody or len(lines) > MOST:
            rows = self._read() if everybody else lines
            threading.Thread(target=self._make, args=(rows,), name=THREAD, daemon=True).start()
        elif lines:
            self._make(lines)

    def _read(self) -> Iterator[bytes]:
        with contextlib.suppress(FileNotFoundError), self._userdb.open("rb") as rows:
            yield from rows

    def _make(self, lines: Iterable[bytes]) -> None:
        for (above, owner), places in groupby(_places(lines), key=lambda place: (place.above, place.owner)):
            try:
                self._make_in(above, owner, (place.name for place in places))
            except OSError as error:
                reason = f"{error.strerror}; Dovecot makes them at the first message"
                log.warning("mail folders could not be made", domain=above, reason=reason)

    def _make_in(self, above: str, owner: tuple[int, int], names: Iterable[str]) -> None:
        """Make folders in one that is made as well.

        No link is followed on the way: what runs as the owner of the mail must not lead root elsewhere.
        """
        with folder_of(self._mail, above) as (top, name):
            _make_owned(top, name, owner)
        with folder_of(self._mail, f"{above}/x") as (folder, _):
            for name in names:
                _make_owned(folder, name, owner)


def _places(lines: Iterable[bytes]) -> Iterator[Place]:
    """Where the accounts of these lines of a passwd-file have their mail, in the lines' order."""
    for line in lines:
        parts = line.split(b":", 7)
        if len(parts) == 8 and parts[5].startswith(MAIL):
            above, _, name = os.fsdecode(parts[5].removeprefix(MAIL)).removesuffix("/home").partition("/")
            if name:
                yield Place(above, name, (int(parts[2]), int(parts[3])))


def _make_owned(folder: int, name: str, owner: tuple[int, int]) -> None:
    """Make a folder that has its owner from the moment when it is there: a delivery may meet it."""
    if is_there(folder, name):
        return
    aside = ASIDE + name
    try:
        os.mkdir(aside, MODE, dir_fd=folder)
    except FileExistsError:  # an agent was killed in between
        os.rmdir(aside, dir_fd=folder)
        os.mkdir(aside, MODE, dir_fd=folder)
    os.chown(aside, *owner, dir_fd=folder, follow_symlinks=False)
    try:
        os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.rmdir(aside, dir_fd=folder)
        if not is_there(folder, name):
            raise
