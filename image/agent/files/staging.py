"""Stage files beside their targets, then rename them in: everything is on disk before anything changes.

A staged file is written whole as `.mail-agent~NAME` in its target's folder and compiled there; the old file
is kept as `.mail-agent~old~NAME`. Installing is then only rename(2), and going back is too, so neither needs
room on a full disk.

What was compiled is kept as a copy, all else as a hard link: Postfix's processes see that a table was
replaced by the link count of the file that they have open, which must be 0, and go on with the old one
otherwise (dict_changed_name in Postfix's dict.c). For the same reason no table is ever away: who met the gap
does not see the file that fills it. Who reads other files looks them up by name.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.files.copying import copy
from agent.paths import ASIDE
from wire.manifest import TABLES, Action, Compile, Entry

COOL_SECONDS = 5
NO_ZONE = "/usr/share/zoneinfo/Etc/UTC"
KEPT = ASIDE + "old~"
_COPIED = ASIDE + "copy~"
SCRIPT, NO_SCRIPT = ".sieve", "~"


@dataclass(frozen=True, slots=True)
class Placement:
    """One file that is about to be replaced (or, without `fresh`, removed), by absolute paths."""

    target: str
    existed: bool
    fresh: bool
    by_time: bool = False
    """Whether its reader notices a new file by its time alone (Dovecot's passwd-files)."""
    compiled: bool = False
    """Whether it is compiled from another one, and its reader keeps it open."""
    table: bool = False
    """Whether it goes only when nothing names it any more: after services were told."""

    @property
    def aside(self) -> Path:
        """Where the new file waits."""
        return beside(Path(self.target), ASIDE)

    @property
    def kept(self) -> Path:
        """Where the old file waits."""
        return beside(Path(self.target), KEPT)

    @property
    def copied(self) -> Path:
        """Where the copy of the old file is made; only a whole one is kept."""
        return beside(Path(self.target), _COPIED)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for the journal."""
        return asdict(self)


def beside(target: Path, prefix: str) -> Path:
    """The name next to `target`; a compiled product's name is built as its compiler builds it.

    Dovecot runs every file of a folder whose name ends in .sieve (sieve_before), hidden ones too.
    """
    return target.with_name(f"{prefix}{target.name}{NO_SCRIPT if target.suffix == SCRIPT else ''}")


def live_name(aside: Path) -> str:
    """The name of the file that waits here."""
    name = aside.name.removeprefix(ASIDE)
    return name.removesuffix(NO_SCRIPT) if name.endswith(SCRIPT + NO_SCRIPT) else name


def product(target: Path, compile_by: Compile) -> Path:
    """The file that is compiled from `target`."""
    if compile_by == Compile.SIEVE:
        return target.with_suffix(".svbin")
    if compile_by == Compile.ZONE:
        return target.with_name(target.name.replace("timezone", "localtime"))
    return target.with_name(target.name + TABLES[compile_by][1])


def placements(root: Path, write: Iterable[Entry], remove: Iterable[Entry]) -> list[Placement]:
    """Every file an attempt replaces or removes. Products come before their sources, tables before the rest.

    Postfix warns of a map that is older than its source (postmap(1)); the other way round it is silent. A
    process that starts meanwhile finds each table that main.cf names.
    """
    rows: list[Placement] = []
    tables_first = sorted(write, key=lambda entry: entry.compile not in TABLES)
    for entries, fresh in ((tables_first, True), (remove, False)):
        for entry in entries:
            target = root / entry.path
            files = [product(target, entry.compile), target] if entry.compile else [target]
            by_time = _noticed_by_time(entry)
            table = entry.compile in TABLES
            rows += [
                Placement(str(file), os.path.lexists(file), fresh, by_time, file != target, table)
                for file in files
            ]
    return rows


def stage(root: Path, entry: Entry, content: bytes | Callable[[int], None]) -> Path:
    """Write one file aside with mode, owner and a time that its reader will notice. Raises OSError.

    `content` may be what writes it to an open file; what that raises is raised.
    """
    target = root / entry.path
    make_folders(target.parent)
    aside = beside(target, ASIDE)
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    # The mode comes before the content: a private key is never readable by others, not even for a moment.
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        if os.geteuid() == 0:
            os.fchown(file.fileno(), *owner_ids(entry.owner))
        if isinstance(content, bytes):
            file.write(content)
        else:
            content(file.fileno())
        os.fchmod(file.fileno(), entry.mode)
    if _noticed_by_time(entry):
        _advance_time(aside, target)
    else:
        cool(aside)
    return aside


def cool(path: Path) -> None:
    """Date a file a little back: Postfix waits two seconds before it trusts a main.cf that just changed."""
    then = time.time() - COOL_SECONDS
    os.utime(path, (then, then))


def _noticed_by_time(entry: Entry) -> bool:
    return entry.action == Action.NONE and not entry.compile


def _advance_time(aside: Path, target: Path) -> None:
    """Dovecot sees a new passwd-file by its size and its time in whole seconds: never repeat a second."""
    with contextlib.suppress(FileNotFoundError):
        floor = int(target.stat().st_mtime) + 1
        if floor > time.time():
            os.utime(aside, (floor, floor))


def make_folders(folder: Path) -> None:
    """Create missing folders, readable by all: what they hold is protected by its own mode."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(0o755, exist_ok=True)


def owner_ids(owner: str) -> tuple[int, int]:
    """Numbers of "user:group". Raises KeyError for a name that the node does not have."""
    user, _, group = owner.partition(":")
    uid = int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
    return uid, int(group) if group.isdigit() else grp.getgrnam(group or user).gr_gid


def keep(rows: Iterable[Placement]) -> None:
    """Keep the old files aside. All of them, before the first is replaced. Raises OSError."""
    for row in rows:
        if row.existed and row.compiled:
            _keep_copy(row)
        elif row.existed:
            row.kept.unlink(missing_ok=True)
            os.link(row.target, row.kept, follow_symlinks=False)


def _keep_copy(row: Placement) -> None:
    row.copied.unlink(missing_ok=True)
    copy(Path(row.target), row.copied)
    found = os.lstat(row.target)  # postmap(1): a map must not be older than its source
    os.utime(row.copied, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)
    row.copied.replace(row.kept)


def install(rows: Iterable[Placement]) -> None:
    """Put every staged file in its place, remove what the release no longer has.

    Tables stay: until services are told, their processes open what the former configuration names.
    """
    for row in rows:
        if row.fresh:
            row.aside.replace(row.target)
        elif not row.table:
            _clear(Path(row.target))


def finish(rows: Sequence[Placement]) -> None:
    """Remove the tables that nothing names any more, and what is left beside the targets."""
    for row in rows:
        if row.table and not row.fresh:
            _clear(Path(row.target))
    clean_up(rows)


def _clear(target: Path) -> None:
    """Remove a file; the time zone's link leads where the image's does, and what is mounted there counts."""
    target.unlink(missing_ok=True)
    if target.name == "localtime":
        target.symlink_to(NO_ZONE)


def restore(rows: Sequence[Placement], keep_tables: bool = False) -> None:
    """Undo `install`, wholly or partly done; safe to repeat.

    With `keep_tables` new ones stay until services are told: then it is repeated without.
    """
    for row in rows:
        target = Path(row.target)
        if os.path.lexists(row.kept):
            if row.by_time:
                with contextlib.suppress(FileNotFoundError):
                    later = max(time.time(), int(target.lstat().st_mtime) + 1)
                    os.utime(row.kept, (later, later), follow_symlinks=False)
            row.kept.replace(target)
        elif row.fresh and not row.existed and not (keep_tables and row.table):
            target.unlink(missing_ok=True)
    clean_up(rows)


def clean_up(rows: Iterable[Placement]) -> None:
    """Remove what is left beside the targets."""
    for path in _rubbish(rows):
        path.unlink(missing_ok=True)


def _rubbish(rows: Iterable[Placement]) -> Iterator[Path]:
    for row in rows:
        yield row.aside
        yield row.copied
        yield row.kept
