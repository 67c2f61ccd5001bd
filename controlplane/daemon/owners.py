"""Files of the state volume that somebody else owns now: found before they are in the way, and mended.

Whoever runs git, chown or an editor as root in the state repository leaves files that this process cannot
write. The agent is root and gives them back (`owners.mend`); where it cannot, the error says what is wrong.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controlplane.daemon.asking import Ask
from controlplane.daemon.log import log
from controlplane.errors import Corrupt, MailserverError, Unavailable
from controlplane.events import StoreRepaired
from controlplane.intake.accepted_pushes import Cause
from controlplane.intake.pipeline import Intake

MEND_SECONDS = 60.0
DENIED = ("permission denied", "not permitted", "cannot be written", "not owned")
"""What an error says (errno(3): EACCES, EPERM; git on foreign owners) that owners may be behind."""
_QUICK = ("refs", "logs", "objects/info", "objects/pack", "info")
"""Folders of the repository that are looked through whole; of `objects` itself the folders alone."""


class Owners:
    """Looks for what is not ours, and has it mended."""

    def __init__(self, intake: Intake, ask_agent: Ask) -> None:
        self._intake, self._ask = intake, ask_agent
        self._lock = threading.Lock()
        self.trouble = ""
        """Why changes cannot be written now, with the cure; empty where they can."""

    def look(self) -> str:
        """Mend what a quick look finds; what is left of it, in words (empty: nothing)."""
        found = next(self._quick(), None)
        if found is not None:
            self.mend(found)
        else:
            self.trouble = ""
        return self.trouble

    def mend_after(self, error: BaseException) -> bool:
        """Whether a failure came from owners or modes, and those are mended now: then try again."""
        said = str(error).lower()
        if not isinstance(error, (Unavailable, Corrupt, OSError)) or not any(sign in said for sign in DENIED):
            return False
        found = next(self._thorough(), None)
        return found is not None and self.mend(found)

    def mend(self, found: Path) -> bool:
        """Have everything given back, for the sake of this path; whether it is ours now."""
        with self._lock:
            told = _told(found)
            if not told:  # somebody mended it meanwhile
                self.trouble = ""
                return True
            try:
                done = self._ask({"op": "owners.mend"}, MEND_SECONDS)
            except MailserverError as error:
                done = {"failed": [str(error)]}
            left = _told(found)
            if left:
                why = "; ".join(str(each) for each in done.get("failed") or ())
                self.trouble = self._words(left, why)
                log.warning("foreign owner", path=str(found), reason=why)
                return False
            self.trouble = ""
        self._record(told, done)
        return True

    def _words(self, told: str, why: str) -> str:
        stores = self._intake.stores
        folders = " ".join(str(folder).rstrip("/") for folder in (stores.repo.path, stores.control))
        return (
            f"{told}, so nothing can be changed; mend it with "
            f"`docker exec mailserver chown -R git:git {folders}`"
            + (f" (the agent could not: {why})" if why else "")
        )

    def _record(self, told: str, done: dict[str, Any]) -> None:
        others = int(done.get("mended") or 1) - 1
        how = f"{told}; given back" + (f", with {others} others" if others > 0 else "")
        log.warning("owners mended", how=how)
        cause = Cause("git-mailserver", "heal", "Files of the state volume had another owner")
        try:
            self._intake.record([StoreRepaired(part="owners", how=how)], cause, renders=False)
        except (MailserverError, OSError) as error:
            log.warning("not recorded", error=str(error))

    def _quick(self) -> Iterator[Path]:
        """What is foreign among the few hundred names that a change may have to write to."""
        git = self._intake.stores.repo.path
        places = [self._intake.stores.control, git, git / "objects"]
        for place in places:
            yield from _foreign(place, place.name == "objects")
        for name in _QUICK:
            yield from _foreign_below(git / name)
        yield from _foreign_below(self._intake.stores.control / "accepted")

    def _thorough(self) -> Iterator[Path]:
        for place in (self._intake.stores.repo.path, self._intake.stores.control):
            yield from _foreign_below(place)


def _foreign_below(folder: Path) -> Iterator[Path]:
    """Everything foreign in a folder and below."""
    yield from _foreign(folder)
    for path, folders, _ in os.walk(folder):
        for name in folders:
            yield from _foreign(Path(path, name))


def _foreign(folder: Path, folders_only: bool = False) -> Iterator[Path]:
    """A folder, and what stands directly in it, where they are not ours to write."""
    if _told(folder):
        yield folder
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    objects, us = "objects" in folder.parts, os.geteuid()
    for entry in entries:
        try:  # a Path for each of hundreds would take longer than all else
            fine = folders_only and not entry.is_dir(follow_symlinks=False)
            fine = fine or not _fault(entry.stat(follow_symlinks=False), us, objects)
        except OSError:
            fine = False
        if not fine and _told(Path(entry.path)):
            yield Path(entry.path)


def _told(path: Path) -> str:
    """What is wrong with the owner or the mode of a path; empty where nothing is, or it is gone."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path} cannot be reached ({error.strerror})"
    fault = _fault(found, os.geteuid(), "objects" in path.parts)
    return f"{path} {fault}" if fault else ""


def _fault(found: os.stat_result, us: int, objects: bool) -> str:
    """What keeps `us` from writing; git never writes to an object again, and makes each read-only."""
    if found.st_uid != us:
        return f"belongs to {_name(found.st_uid)}"
    of_file = 0o400 if objects else 0o600
    needed = {stat.S_IFDIR: 0o700, stat.S_IFREG: of_file}.get(stat.S_IFMT(found.st_mode), 0)
    if needed & ~found.st_mode:
        return f"has mode {stat.S_IMODE(found.st_mode):04o}, which keeps its owner out"
    return ""


def _name(uid: int) -> str:
    import pwd  # its database is read only where there is something to tell

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
