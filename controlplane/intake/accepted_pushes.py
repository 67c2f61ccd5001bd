"""Pushes that were accepted but may not be in the log yet: who, how and why survive a crash.

pre-receive writes a record, git moves `main`, intake appends the change set and forgets the record. One
JSON file a commit, in the control folder.
"""

from __future__ import annotations

import json
from collections.abc import Container
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from controlplane.events import Source
from controlplane.git import write_atomically
from controlplane.plain_text import LONGEST, cut, sanitize, sanitize_line
from wire.durable import sync_folder

LONGEST_NAME = 200
"""Characters of an actor or an author that the log keeps."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Who makes a change, by which way in, and for which reason.

    `author` is the author of the commit of `main`, where that is somebody else than the actor.
    """

    actor: str
    source: Source
    reason: str = ""
    author: str = ""

    def __post_init__(self) -> None:
        """These texts come from commits, environments and keys, and go into the log and onto terminals.

        The whole of a message that is cut here stands in its commit of `main`.
        """
        object.__setattr__(self, "actor", cut(sanitize_line(self.actor).strip(), LONGEST_NAME) or "unknown")
        object.__setattr__(self, "reason", cut(sanitize(self.reason), LONGEST))
        object.__setattr__(self, "author", cut(sanitize_line(self.author).strip(), LONGEST_NAME))


class AcceptedPushes:
    """The folder of records."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remember(self, commit: str, cause: Cause) -> None:
        """Record durably that this commit may become `main`."""
        write_atomically(self._folder / f"{commit}.json", json.dumps(asdict(cause)).encode())

    def cause_of(self, commit: str) -> Cause | None:
        """The cause recorded for a commit; None if there is no record."""
        try:
            return Cause(**json.loads((self._folder / f"{commit}.json").read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            return None  # a damaged record: the commit itself still says who made it

    def commits(self) -> list[str]:
        """The commits with a record, the newest record first."""
        found = [(path.stat().st_mtime, path.stem) for path in self._folder.glob("*.json") if path.is_file()]
        return [commit for _, commit in sorted(found, reverse=True)]

    def damaged(self) -> list[Path]:
        """Unreadable records, and folders in the place of one."""
        return [path for path in self._folder.glob("*.json") if self.cause_of(path.stem) is None]

    def forget(self, commit: str) -> None:
        """Remove a record if it exists."""
        (self._folder / f"{commit}.json").unlink(missing_ok=True)

    def keep_only(self, commits: Container[str]) -> None:
        """Remove the records of pushes that never became `main`."""
        for path in self._folder.glob("*.json"):
            if path.stem not in commits:
                with suppress(FileNotFoundError):
                    path.unlink()
        sync_folder(self._folder)
