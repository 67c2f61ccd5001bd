"""References: compare-and-swap, and removal of locks that dead processes left behind."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pygit2

from controlplane.errors import Conflict, Corrupt, Unavailable
from controlplane.git.handle import Handle

STALE_AFTER = 10.0
"""Seconds after which the lock of a reference is stale; git holds one for milliseconds."""
UNWRITABLE = ("space", "read-only", "permission denied", "not permitted", "quota", "input/output")
"""Texts of system errors (errno(3)) after which trying again would not help."""


class References:
    """The references of one repository, by full or short name (`main` is `refs/heads/main`)."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._git_dir = Path(handle.repository.path)

    @property
    def _repository(self) -> pygit2.Repository:
        return self._handle.repository

    def get(self, name: str) -> str:
        """The commit that a reference points at; empty if it does not exist."""
        try:
            target = self._repository.lookup_reference(full_name(name)).target
        except KeyError:
            return ""
        except (pygit2.GitError, ValueError, OSError) as error:
            raise Corrupt(f"reference {name} cannot be read: {error}") from error
        return str(target)

    def swap(self, name: str, old: str, new: str, why: str = "") -> None:
        """Move a reference from `old` to `new`; empty means that it does not exist.

        Raises Conflict, with nothing changed, when it was not at `old` or somebody holds its lock.
        """
        try:
            self._swap(full_name(name), old, new, why or "update")
        except KeyError:
            raise Conflict(f"{name} is gone; it was expected at {old}") from None
        except (pygit2.AlreadyExistsError, ValueError):
            raise Conflict(f"{name} was made by somebody else first") from None
        except (pygit2.GitError, OSError) as error:
            if any(sign in str(error).lower() for sign in UNWRITABLE):
                raise Unavailable(f"the state repo cannot be written: {error}") from error
            raise Conflict(f"{name} could not be moved from {old or 'nothing'}: {error}") from error

    def _swap(self, name: str, old: str, new: str, why: str) -> None:
        if not old:
            self._repository.create_reference_direct(name, pygit2.Oid(hex=new), False, message=why)
            return
        # libgit2 takes the lock and compares with the value of this loaded reference.
        reference = self._repository.lookup_reference(name)
        if str(reference.target) != old:
            raise Conflict(f"{name} is at {reference.target}, not at {old}")
        if new:
            reference.set_target(pygit2.Oid(hex=new), why)
        else:
            reference.delete()

    def is_lost(self, name: str) -> bool:
        """Whether a reference is missing or unreadable."""
        try:
            return not self.get(name)
        except Corrupt:
            return True

    def put_back(self, name: str, commit: str, why: str) -> None:
        """Make a reference point at a commit, whatever is there now; the caller holds the writer's lock."""
        path = self._git_dir / full_name(name)
        self.free_reflogs([name])
        for folder in (path.parent, (self._git_dir / "logs" / full_name(name)).parent):
            folder.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".lock").unlink(missing_ok=True)
        try:
            self._repository.create_reference_direct(
                full_name(name), pygit2.Oid(hex=commit), True, message=why
            )
        except (pygit2.GitError, ValueError, OSError) as error:
            raise Unavailable(f"{name} cannot be put back at {commit}: {error}") from error

    def free_reflogs(self, names: Iterable[str]) -> list[str]:
        """Move aside what stands in the place of reflogs or of their folders, so that references can move.

        Returns the paths in the repository; each is kept as `NAME.damaged-…` at its top.
        """
        moved = []
        for name in names:
            reflog = self._git_dir / "logs" / full_name(name)
            folders = [
                path for path in reversed(reflog.parents) if path.is_relative_to(self._git_dir / "logs")
            ]
            wrong = [path for path in folders if path.exists() and not path.is_dir()]
            for path in wrong or ([reflog] if reflog.is_dir() else []):
                path.replace(self._git_dir / f"{path.name}.damaged-{time.time_ns()}")
                moved.append(str(path.relative_to(self._git_dir)))
        return moved

    def names(self, prefix: str = "refs/") -> list[str]:
        """Full names of the references below a prefix, sorted."""
        return sorted(name for name in self._repository.references if name.startswith(prefix))

    def locks(self) -> Iterator[Path]:
        """The lock files of references that exist now."""
        yield from (self._git_dir / "refs").rglob("*.lock")
        for name in ("HEAD.lock", "packed-refs.lock", "config.lock"):
            if (self._git_dir / name).exists():
                yield self._git_dir / name

    def recover_locks(self, ours: tuple[str, ...] = (), older_than: float = STALE_AFTER) -> list[str]:
        """Remove lock files that dead processes left; returns their paths in the repository.

        Call it only while holding the writer's lock. References in `ours` are written under that lock
        alone, so a lock of theirs is stale at any age; git itself may hold the others for a moment.
        """
        mine = {self._git_dir / (full_name(name) + ".lock") for name in ours}
        removed = []
        for lock in self.locks():
            try:
                if lock in mine or time.time() - lock.stat().st_mtime > older_than:
                    lock.unlink()
                    removed.append(str(lock.relative_to(self._git_dir)))
            except FileNotFoundError:
                continue  # its holder was alive and has finished
        return removed


def full_name(name: str) -> str:
    """The full name of a reference, given that or the short name of a branch."""
    return name if name.startswith("refs/") or name == "HEAD" else f"refs/heads/{name}"
