"""One handle on the state repo: open it, read and write it, walk its history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from controlplane.errors import Corrupt, NotFound, Unavailable
from controlplane.git import mending
from controlplane.git.ahead import WrittenAhead, written_ahead
from controlplane.git.commits import SERVER, CommitInfo, Person, commit_content, parse_commit
from controlplane.git.handle import Handle
from controlplane.git.integrity import pack_faults
from controlplane.git.objects import Change, Objects, TreeEntry, flush, prepare_fan_out
from controlplane.git.refs import STALE_AFTER, References, full_name

CONFIGURATION: Mapping[str, str] = {
    "core.compression": "1",  # small objects: speed counts, packing on schedule saves the room
    "core.looseCompression": "0",  # nor does a push wait until a table of hashes is found to be random
    "core.fsync": "all",  # git's own default leaves loose objects and references of a push unsynced
    "core.fsyncMethod": "fsync",
    "core.logAllRefUpdates": "true",
    "gc.auto": "0",  # packing is scheduled, never in the middle of a push
    "receive.autogc": "false",
    "receive.advertisePushOptions": "true",
    "receive.denyDeleteCurrent": "refuse",  # main; pre-receive guards the rest
    "receive.denyNonFastForwards": "false",  # branches that are only previewed may be rebased
    "receive.fsckObjects": "true",
    "receive.maxInputSize": str(256 << 20),  # bytes: far above any `main`, and no disk is filled by one push
    "user.name": SERVER.name,
    "user.email": SERVER.email,
}
"""The configuration of a state repo (git-config(1)); applied again whenever the daemon opens it."""

NO_COMMIT = "0" * 40
_ID = re.compile("[0-9a-f]{40}")


class StateRepo:
    """A git repository as this project uses it. Ids are 40 hex digits; an empty id stands for nothing.

    A handle may be used by several threads; one process writes at a time (controlplane.lock).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = Handle(path)
        except (pygit2.GitError, OSError, KeyError) as error:
            raise NotFound(f"{path} is not a git repository: {error}") from error
        self.path = Path(self._git.path)
        self._objects = Objects(self._handle)
        self.refs = References(self._handle)

    @property
    def _git(self) -> pygit2.Repository:
        return self._handle.repository

    def reopen(self) -> None:
        """Release packs that were removed (git/handle.py). Other threads may use this object meanwhile."""
        self._handle.reopen()

    @classmethod
    def ensure(cls, path: Path) -> StateRepo:
        """Open the bare repository at `path`, creating it if needed, and configure it."""
        if not (path / "HEAD").exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                pygit2.init_repository(str(path), bare=True, initial_head="main")
            except (pygit2.GitError, OSError) as error:
                raise Unavailable(f"{path} cannot be made: {error}") from error
        repo = cls(path)
        for name, value in CONFIGURATION.items():
            if name not in repo._git.config or repo._git.config[name] != value:
                repo._git.config[name] = value
        prepare_fan_out(repo.path)
        flush(repo.path)
        return repo

    def fresh(self, alternates: tuple[Path, ...] = ()) -> StateRepo:
        """A second handle, with empty caches, that also sees the objects in these folders.

        In pre-receive the pushed objects are in a quarantine (git-receive-pack(1)) that a plain handle
        does not see. Drop the handle afterwards.
        """
        other = StateRepo(self.path)
        other._handle.widened = bool(alternates)
        for folder in alternates:
            other._git.odb.add_disk_alternate(str(folder))
        return other

    def flush(self) -> None:
        """Sync the folders of objects and references, for what git wrote and not this process."""
        flush(self.path)

    # objects

    def blob(self, oid: str, belongs: str = "") -> bytes:
        """The content of a blob; `belongs` says in an error what it is part of."""
        return self._objects.read(oid, "blob", belongs)

    def raw(self, oid: str, kind: str) -> bytes:
        """The content of an object of any kind, as git stores it."""
        return self._objects.read(oid, kind)

    def entries(self, tree: str, belongs: str = "") -> dict[str, TreeEntry]:
        """The direct entries of a tree."""
        return self._objects.entries(tree, belongs)

    def blob_size(self, oid: str) -> int:
        """The size of a blob in bytes, without unpacking it; 0 if that is unknown."""
        return self._objects.size(oid)

    def files(self, commit: str, most: int = 0) -> dict[str, TreeEntry]:
        """All files of a commit by path; none for the empty id. Raises Refused for more than `most`."""
        if not commit:
            return {}
        return self._objects.flatten(self.commit_info(commit).tree, f"commit {commit}", most)

    def tree_files(self, tree: str, belongs: str = "") -> dict[str, TreeEntry]:
        """Every file below a tree by path."""
        return self._objects.flatten(tree, belongs)

    def file(self, commit: str, path: str) -> bytes:
        """The content of one file of a commit; raises NotFound where there is none."""
        entry = TreeEntry(self.commit_info(commit).tree, 0)
        for name in path.split("/"):
            try:
                entry = self._objects.entries(entry.id, f"commit {commit}")[name]
            except KeyError:
                raise NotFound(f"there is no {path} in commit {commit}") from None
        return self._objects.read(entry.id, "blob", f"{path} in commit {commit}")

    @property
    def large_written(self) -> int:
        """Bytes of the large blobs that were written through this handle, which lie loose at first."""
        return self._objects.large_written

    def write_blob(self, content: bytes) -> str:
        """Store content as a blob; returns its id."""
        return self._objects.write_blob(content)

    def write_tree(self, base: str, changes: Mapping[str, Change]) -> str:
        """Write the tree `base` (empty: none) with these paths changed, only the folders above them anew."""
        return self._objects.write_tree(base, changes)

    def written_ahead(self, changes: Mapping[str, Change]) -> AbstractContextManager[WrittenAhead]:
        """Begin to write the large new files of a change that may yet be refused (git/ahead.py)."""
        return written_ahead(self._objects, changes)

    # commits

    def write_commit(
        self, tree: str, parents: tuple[str, ...], message: str, author: Person, time: datetime
    ) -> str:
        """Store a commit without moving a reference; the same arguments give the same id.

        Raises Corrupt where the tree or a parent is missing or damaged.
        """
        # libgit2 would read both itself, and loops for ever over a truncated loose object.
        self._objects.read(tree, "tree", "a new commit")
        for parent in parents:
            self._objects.read(parent, "commit", "the commit to build on")
        return self._objects.write("commit", commit_content(tree, parents, message, author, time))

    def commit(self, ref: str, parent: str, tree: str, message: str, author: Person, time: datetime) -> str:
        """Add a commit to a branch that is at `parent` (empty: absent); raises Conflict if it is not."""
        commit = self.write_commit(tree, (parent,) if parent else (), message, author, time)
        self.refs.swap(ref, parent, commit, message.partition("\n")[0])
        return commit

    def commit_info(self, commit: str, belongs: str = "") -> CommitInfo:
        """Read a commit; raises Corrupt if it is missing or damaged."""
        return parse_commit(commit, self._objects.read(commit, "commit", belongs))

    def resolve(self, revision: str) -> str:
        """The commit that a revision names (gitrevisions(7)); raises NotFound."""
        try:
            return str(self._git.revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise NotFound(f"no commit is called {revision}") from error

    def history(self, tip: str, until: str = "") -> Iterator[CommitInfo]:
        """Commits along first parents from `tip`, newest first, down to but without `until`."""
        child = ""
        while tip and tip != until:
            info = self.commit_info(tip, f"the parent of {child}" if child else "")
            yield info
            tip, child = info.parent, tip

    def between(self, old: str, new: str, most: int) -> list[str]:
        """Commits reachable from `new` but not from `old` (empty: none), newest first."""
        try:
            walk = self._git.walk(pygit2.Oid(hex=new), SortMode.TOPOLOGICAL)
            if old:
                walk.hide(pygit2.Oid(hex=old))
            return [str(commit.id) for commit in islice(walk, 1, most + 1)]
        except (pygit2.GitError, KeyError, ValueError) as error:
            raise Corrupt(f"the history of {new} cannot be walked: {error}") from error

    def reachable(self, refs: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Every commit that these references (full names) lead to, once, oldest first, with the first that
        does. A reference to something else than a commit, or a tag of one, leads nowhere."""
        hidden: list[pygit2.Oid] = []
        for ref in refs:
            try:
                tip = self._git.lookup_reference(ref).peel(pygit2.Commit).id
            except (KeyError, ValueError, pygit2.GitError):
                continue
            try:
                walk = self._git.walk(tip, SortMode.TOPOLOGICAL | SortMode.REVERSE)
                for known in hidden:
                    walk.hide(known)
                for commit in walk:
                    yield ref, str(commit.id)
            except (pygit2.GitError, KeyError, ValueError) as error:
                raise Corrupt(f"the history of {ref} cannot be walked: {error}") from error
            hidden.append(tip)

    def chain(self, tip: str, limit: int = -1) -> list[str]:
        """Ids along first parents, newest first: the fast way to walk a history."""
        return [link[:20].hex() for link in self.links(tip, limit)]

    def links(self, tip: str, limit: int = -1) -> list[bytes]:
        """Commit and tree (20 bytes each) and time (8), joined, along first parents, newest first.

        Joined and raw, as a million of them must fit into little memory. The time is the author's, in seconds
        since 1970.
        """
        found: list[bytes] = []
        while tip and len(found) != limit:
            raw = self._objects.read(tip, "commit", f"{len(found)} commits below the tip")
            end = raw.index(b"\n", raw.index(b"\nauthor ") + 1) - len(" +0000")
            seconds = int(raw[raw.rindex(b" ", 0, end) : end])
            found.append(bytes.fromhex(tip + raw[5:45].decode("ascii")) + seconds.to_bytes(8, "big"))
            # gitformat: "tree <40>\n", then "parent <40>\n" where there is one
            tip = raw[53:93].decode("ascii") if raw[46:53] == b"parent " else ""
        return found

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; empty if there is none."""
        base = self._git.merge_base(pygit2.Oid(hex=one), pygit2.Oid(hex=other))
        return str(base) if base else ""

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` is `old` or has it in its history."""
        if old == new:
            return True
        try:
            return bool(self._git.descendant_of(pygit2.Oid(hex=new), pygit2.Oid(hex=old)))
        except (pygit2.GitError, KeyError) as error:
            raise Corrupt(f"the history between {old} and {new} cannot be walked: {error}") from error

    def moves(self, ref: str) -> Iterator[str]:
        """The commits that a branch was moved to, oldest first, from its reflog (git-reflog(1))."""
        log = self.path / "logs" / full_name(ref)
        if log.exists():
            with log.open("rb") as file:
                for line in file:
                    yield line[41:81].decode("ascii", "replace")

    def last_move(self, ref: str) -> str:
        """The commit that a branch was last moved to, from its reflog; empty if none can be read."""
        try:
            last = ""
            for commit in self.moves(ref):
                last = commit if _ID.fullmatch(commit) else last
        except OSError:
            return ""
        return "" if last == NO_COMMIT else last

    def all_commits(self) -> list[str]:
        """All commits, reachable or not; looks at every object."""
        return mending.all_commits(self.path)

    def is_sound(self, oid: str, kind: str) -> bool:
        """Whether an object can be read and matches its id."""
        try:
            self._objects.read(oid, kind)
        except Corrupt:
            return False
        return True

    def drop_damaged(self, oid: str) -> None:
        """Remove the file of an unreadable loose object."""
        path = self.path / "objects" / oid[:2] / oid[2:]
        if oid and path.exists() and not any(self.is_sound(oid, kind) for kind in ("commit", "tree", "blob")):
            path.unlink()

    def put_object(self, kind: str, content: bytes) -> str:
        """Write an object over a damaged one; returns its id."""
        return mending.put_loose(self.path, kind, content)

    def pack_faults(self) -> dict[str, str]:
        """Faults of packs by the id of the damaged object; under "" if none can be named."""
        return pack_faults(self.path)

    def recover_locks(self, ours: tuple[str, ...] = (), older_than: float = STALE_AFTER) -> list[str]:
        """Remove reference locks that dead processes left; the caller holds the writer's lock."""
        return self.refs.recover_locks(ours, older_than)
