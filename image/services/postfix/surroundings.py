"""What the references of Postfix's parameters are held against: the staged tree, and what Postfix knows."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.apply.user_patches.script import SCRIPT
from agent.files.access import READ, Account, account, may_open
from agent.files.staged_tree import StagedTree, changed_services
from services.postfix.tables import Table, tables


@dataclass(frozen=True)
class Surroundings:
    """One check of one staged tree."""

    staged: StagedTree
    types: frozenset[str]
    """The types of tables that this Postfix has (`postconf -m`)."""
    queue: str
    """Where a relative path begins (postconf(5), queue_directory)."""
    owner: str
    """The user that Postfix's processes become (postconf(5), mail_owner)."""
    approved: frozenset[str]
    """Tables that proxymap(8) opens, without `proxy:`."""
    services: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The fields of each service of master.cf, by name and type as "smtp/inet"."""

    def path(self, place: str) -> str:
        """A place as an absolute path."""
        return posixpath.join(self.queue, place)

    def excused(self, name: str) -> bool:
        """Whether user-patches.sh names something, so that it may make it."""
        return posixpath.basename(name.rstrip("/")) in self.staged.text(SCRIPT)

    def foreign(self, table: Table) -> Path | None:
        """The file of a table that no release makes; None where there is none, or where one does."""
        if not table.file or self.staged.entry(self.path(table.place)) is not None:
            return None
        return self.staged.unmanaged(self.path(table.file))

    def missing(self, place: str) -> bool:
        """Whether nothing is at a place, or will be."""
        path = self.path(place)
        return not self.staged.exists(path) and not self.excused(path)

    def lacks_file(self, place: str, who: Account | None = None) -> str:
        """Why a file cannot be opened by `who` (by root without), "" when it can."""
        path = self.path(place)
        if self.missing(place):
            return f"{path} does not exist"
        entry = self.staged.entry(path)
        if entry is not None:
            return "" if who is None or entry.mode & READ else self._managed(path, entry.mode, entry.owner)
        found = self.staged.unmanaged(path)
        if found is None:
            return ""
        if not (found.is_file() or found.is_char_device() or found.is_fifo()):
            return f"{path} is not a file"
        return "" if self.may(found, READ, who) else f"{path} may not be read by the user {self.owner}"

    def _managed(self, path: str, mode: int, owner: str) -> str:
        user, _, group = owner.partition(":")
        bits = mode & 0o400 if user == self.owner else mode & 0o040 if group == self.owner else 0
        return "" if bits else f"{path} may not be read by the user {self.owner}"

    def may(self, path: Path, wanted: int, who: Account | None = None) -> bool:
        """Whether `who` (root without) may open a file that is there."""
        return who is None or may_open(path, who, wanted, self.staged.root)

    @property
    def user(self) -> Account | None:
        """The user that Postfix's processes become; None where it is not known."""
        return account(self.owner)

    def has_service(self, name: str, kind: str = "unix") -> bool:
        """Whether master.cf has a service, or user-patches.sh may add it."""
        return f"{name}/{kind}" in self.services or self.excused(name)

    @property
    def settled(self) -> bool:
        """Whether nothing but this service changes: what else listens now will listen then.

        On a first start nothing runs yet, and user-patches.sh may start anything.
        """
        base, target = self.staged.base, self.staged.target
        return (
            base.has("postfix")
            and SCRIPT not in target.files
            and changed_services(base, target) <= {"postfix"}
            and base.services == target.services
        )

    def is_new(self, text: str) -> bool:
        """Whether a text stands in no file of the release that serves."""
        base = self.staged.base
        entries = [base.files.get(path) for path in ("etc/postfix/main.cf", "etc/postfix/master.cf")]
        return not any(text.encode() in self.staged.content(entry) for entry in entries if entry)


def approved(value: str) -> frozenset[str]:
    """The tables that `proxy_read_maps` and `proxy_write_maps` name (proxymap(8)), without `proxy:`."""
    return frozenset(str(table) for table in tables(value) if table.asked_for)
