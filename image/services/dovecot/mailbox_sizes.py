"""Mailbox sizes as Dovecot counts them; only mailboxes that changed since the last question are counted.

Asking Dovecot costs about a millisecond per mailbox, finding out that nothing changed a hundredth of that.
Every change of a mailbox is in the log of its index first (dovecot.index.log), so times and sizes of these
logs tell. What was counted is kept in a file: a restart does not make Dovecot look into everything again.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from agent.commands import Ran, run
from agent.errors import Unavailable

SECONDS = 50.0
"""Below the time that the daemon waits for the answer."""
UNKNOWN = (-1, 0)
"""Mark and KiB of a mailbox that was never counted."""
LOG = "dovecot.index.log"
Run = Callable[[Sequence[str], float], Ran]


class Usage:
    """Remembers what was counted, by address. Safe to ask from several threads; one counts at a time.

    `scratch` is a folder for what doveadm reads, `kept` the file of what was counted.
    """

    def __init__(self, mail: Path, scratch: Path, kept: Path, run: Run = run) -> None:
        self._mail, self._scratch, self._kept, self._run = mail, scratch, kept, run
        self._known: dict[str, tuple[int, int]] | None = None
        self._lock = threading.Lock()

    def of(self, addresses: Iterable[str], elsewhere: Iterable[str] = ()) -> dict[str, int]:
        """KiB by address; who has no mailbox yet is left out. `elsewhere` are those whose mail is not at its
        usual place, so that they are always asked for. Raises Unavailable where Dovecot fails."""
        with self._lock:
            marks = ((address, self._signature(address)) for address in self._with_a_folder(addresses))
            there = {address: mark for address, mark in marks if mark is not None}
            there |= dict.fromkeys(elsewhere, -1)
            known = self._read() if self._known is None else self._known
            stale = [a for a, mark in there.items() if mark == -1 or known.get(a, UNKNOWN)[0] != mark]
            counted = self._count(stale) if stale else {}
            self._known = {
                address: (there[address], counted[address])
                if address in counted
                else known.get(address, UNKNOWN)
                for address in there
            }
            if counted:
                self._write()
            return {address: size for address, (_, size) in self._known.items()}

    def _read(self) -> dict[str, tuple[int, int]]:
        try:
            rows = json.loads(self._kept.read_bytes())
            return {str(address): (int(mark), int(size)) for address, (mark, size) in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        """Not synced: what is lost is counted again."""
        aside = self._kept.with_name(f".{self._kept.name}.new")
        with contextlib.suppress(OSError):
            aside.write_text(json.dumps(self._known))
            aside.replace(self._kept)

    def _with_a_folder(self, addresses: Iterable[str]) -> Iterator[str]:
        """The addresses with a folder at the usual place, by one look into the folder of each domain."""
        users: dict[str, frozenset[str]] = {}
        for address in addresses:
            user, _, domain = address.rpartition("@")
            if domain not in users:
                users[domain] = _names(f"{self._mail}/{domain}")
            if user in users[domain]:
                yield address

    def _signature(self, address: str) -> int | None:
        """A number that changes with any mailbox of this address; None where there is no mail."""
        user, _, domain = address.rpartition("@")
        root = f"{self._mail}/{domain}/{user}"
        times = [_mark(f"{root}/{LOG}"), *_folders(root)]
        if not any(times) and not os.path.isdir(f"{root}/cur"):  # noqa: PTH112  # a hundred thousand times
            return None
        return hash(tuple(times)) & 0x7FFF_FFFF_FFFF_FFFF

    def _count(self, addresses: list[str]) -> dict[str, int]:
        """Ask Dovecot; doveadm(1) takes the names from a file."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._scratch, prefix="usage-") as names:
            names.writelines(f"{address}\n" for address in addresses)
            names.flush()
            done = self._run(("doveadm", "-f", "tab", "quota", "get", "-F", names.name), SECONDS)
        counted = dict(_sizes(done.output))
        if not counted and done.code:
            raise Unavailable(f"doveadm could not count: {done.output.strip().splitlines()[-1:]}")
        return counted


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208  # a path for each of a hundred thousand names
    except OSError:
        return frozenset()


def _folders(root: str) -> Iterator[int]:
    """The times of the logs of all folders: Maildir++ has `.Name`, dbox has a tree below `mailboxes`."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith("."))
        for name in names:
            yield _mark(f"{root}/{name}/{LOG}")
        if not names and os.path.isdir(f"{root}/mailboxes"):  # noqa: PTH112  # as above
            yield from _tree(f"{root}/mailboxes")
    except OSError:
        return


def _tree(folder: str) -> Iterator[int]:
    with os.scandir(folder) as entries:
        below = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    for path in below:
        if path.endswith("/dbox-Mails"):
            yield _mark(f"{path}/{LOG}")
        else:
            yield from _tree(path)


def _mark(path: str) -> int:
    try:
        found = os.stat(path)  # noqa: PTH116  # thirty thousand times in a question
    except OSError:
        return 0
    return found.st_mtime_ns + found.st_size


def _sizes(output: str) -> Iterator[tuple[str, int]]:
    """Rows `Username, Quota name, Type, Value, Limit, %` between tabs; the value of STORAGE is in KiB."""
    for line in output.splitlines():
        cells = line.split("\t")
        if len(cells) >= 4 and cells[2] == "STORAGE" and cells[3].isdigit():
            yield cells[0].lower(), int(cells[3])
