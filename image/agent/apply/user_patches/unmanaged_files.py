"""What user-patches.sh did to files that no release manages: recorded, and undone with the script.

Before each run the effect of the previous one is undone: files that it made are removed, those that it
changed or removed are restored. The resulting state is recorded on disk before the script starts, so that a
killed run is undone as well. A file that was changed by others since is left and named. The records are kept
in the container's own file system, as these files are: a new container starts with those of the image.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.apply.user_patches.footprint import ABSENT, Contents, blob_of, capture, stamp_of
from agent.errors import Corrupt
from agent.files.atomic import read_json
from agent.files.managed import Stamp
from agent.log import log
from agent.paths import ASIDE
from services.base import NodeServices

PLACES = ("etc", "usr/local/bin", "usr/local/sbin", "var/spool/cron")
"""Where such scripts work, and where a file takes effect by being there; services read more (`reads`)."""
LEFT = ("alternatives", "apt", "ca-certificates", "ssl", "dms")
"""Folders of /etc where packages and the agent itself are at work."""
DATABASES = frozenset(
    {
        f"etc/{name}{old}"
        for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")
        for old in ("", "-")
    }
    | {"etc/ld.so.cache", "etc/mtab", "etc/localtime", "etc/timezone", "etc/mailname"}
)
"""Files that a package's installation changes: undoing that would break what was installed."""
ENGINE = frozenset({"etc/hosts", "etc/hostname", "etc/resolv.conf"})
"""Files that the container's engine writes at each start."""
OURS = (
    "etc/cron.",
    "etc/default/",
    "etc/logrotate.d/",
    "etc/supervisor/",
    "usr/local/",
    "var/spool/cron/",
)
"""Where, as in areas of services, a file that comes while a package is installed is still the script's own,
unless dpkg lists it."""
DPKG = "var/lib/dpkg"

Index = dict[str, dict[str, str]]
"""Path to `before` and `left`: what was there, and what the script made of it (footprint.py)."""


class UnmanagedFiles:
    """`folder` holds the records and the previous contents; paths are relative to `root`."""

    def __init__(self, root: Path, folder: Path, services: NodeServices) -> None:
        self._root, self._folder = root, folder
        self._ours = (*OURS, *(area for area in services.areas if area.endswith("/")))
        tops = tuple(f"{place}/" for place in PLACES)
        besides = tuple(p for service in services for p in service.reads if not p.startswith(tops))
        self._watched = (*tops, *besides)
        self._places = (*PLACES, *sorted({prefix.rpartition("/")[0] for prefix in besides}))
        self._contents = Contents(folder / "contents")
        self._cache: dict[str, tuple[Stamp, str]] = {}
        self._known: Index = {}

    @property
    def has_effect(self) -> bool:
        """Whether the last run, or one that was cut short, left anything to undo."""
        return bool(self._read("index.json") or self._read("running.json"))

    def begin(self, managed: Collection[str], before: Collection[str] = ()) -> None:
        """Undo what the last run did, and record the present state. Raises OSError.

        `managed` are the files of the release, `before` those of the one that serves.
        """
        both = {*managed, *before}
        if running := self._read("running.json"):  # killed at a start, which has no attempt to take back
            both |= set(running["managed"])
            self._take_back(self._differences(running, both), both)
            self._known, again = running["known"], running["again"]
        else:
            self._known = self._read("index.json")
            dressed = self._scan(both)
            undone = self._take_back(self._known, both)
            again = {path: dressed.get(path, ABSENT) for path in undone}
        self._write("index.json", {})
        clean = self._scan(both)
        row = {"clean": clean, "again": again, "known": self._known, "packages": self._packages()}
        self._write("running.json", {**row, "managed": sorted(both)})

    def learn(self, managed: Collection[str]) -> set[str]:
        """Record what the script did; returns the paths that differ from before `begin`."""
        index = self._differences(self._read("running.json"), managed)
        self._write("index.json", index)
        known = self._known
        return {
            p
            for p in known.keys() | index.keys()
            if index.get(p, {}).get("left") != known.get(p, {}).get("left")
        }

    def undo(self) -> None:
        """Restore the state before `begin`, if it was called since `settle`, also by a killed agent."""
        running = self._read("running.json")
        if not running:
            return
        self._take_back(self._differences(running, running["managed"]), running["managed"])
        self._put(running["again"])
        self._write("index.json", running["known"])
        self.settle()

    def settle(self) -> None:
        """Keep what `learn` recorded: from here on `undo` does nothing."""
        (self._folder / "running.json").unlink(missing_ok=True)
        index = self._read("index.json")
        used = {blob_of(state) for row in index.values() for state in row.values()}
        self._contents.sweep(used | {blob_of(state) for _, state in self._cache.values()})

    def leftovers(self) -> list[str]:
        """Paths that could not be undone, as they changed later or are too large, and still are there."""
        left = self._read("leftovers.json")
        return sorted(path for path, state in left.items() if self._state(path) == state)

    def _differences(self, running: Mapping[str, Any], managed: Collection[str]) -> Index:
        clean, now = running["clean"], self._scan(managed)
        packaged = self._listed() if self._packages() != running["packages"] else None
        index: Index = {}
        for path in clean.keys() | now.keys():
            before, left = clean.get(path, ABSENT), now.get(path, ABSENT)
            if before == left or path in managed:
                continue
            if (
                before == ABSENT
                and packaged is not None
                and (path in packaged or not path.startswith(self._ours))
            ):
                continue  # the package's, which goes on to need it
            index[path] = {"before": before, "left": left}
        return index

    def _take_back(self, index: Index, managed: Collection[str]) -> set[str]:
        """Put back what was before where the script's work is as it left it; names what it has to leave."""
        left, done = self._read("leftovers.json"), set()
        for path in _ordered(index):
            row = index[path]
            if path in managed:
                continue  # a release has it now
            state = self._state(path)
            if state == row["left"] and state != row["before"]:
                try:
                    self._contents.put(self._root / path, row["before"])
                except OSError as error:
                    log.warning("what user-patches.sh did is left", path=path, reason=error)
                else:
                    done.add(path)
                    left.pop(path, None)
                    continue
            if state not in (row["before"], ABSENT) and path not in ENGINE:
                left[path] = state
        self._write("leftovers.json", left)
        return done

    def _put(self, states: Mapping[str, str]) -> None:
        for path in sorted(states, key=lambda path: (states[path] == ABSENT, path)):
            try:
                self._contents.put(self._root / path, states[path])
            except OSError as error:
                log.warning("what user-patches.sh did is not there again", path=path, reason=error)

    def _scan(self, managed: Collection[str]) -> dict[str, str]:
        """Everything in the watched places but managed files; their contents are kept."""
        cache: dict[str, tuple[Stamp, str]] = {}
        for path, found in self._files(managed):
            stamp, known = stamp_of(found), self._cache.get(path)
            if known is None or known[0] != stamp:
                try:
                    state, content = capture(self._root / path, found)
                except OSError:
                    continue  # gone meanwhile
                self._contents.keep(state, content)
                known = stamp, state
            cache[path] = known
        self._cache = cache
        return {path: state for path, (_, state) in cache.items()}

    def _state(self, path: str) -> str:
        target = self._root / path
        try:
            state, content = capture(target, target.lstat())
            self._contents.keep(state, content)
        except OSError:
            return ABSENT
        return state

    def _files(self, managed: Collection[str]) -> Iterator[tuple[str, os.stat_result]]:
        passed = {*managed, *DATABASES, *_products(managed), *(f"etc/{name}" for name in LEFT)}
        todo = list(self._places)
        while todo:
            folder = todo.pop()
            try:
                entries = list(os.scandir(self._root / folder))
            except OSError:
                continue
            for entry in entries:
                path = f"{folder}/{entry.name}"
                if path in passed or entry.name.startswith(ASIDE) or not path.startswith(self._watched):
                    continue
                found = entry.stat(follow_symlinks=False)
                kind = stat.S_IFMT(found.st_mode)
                if kind == stat.S_IFDIR:
                    todo.append(path)
                if kind in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR):
                    yield path, found

    def _packages(self) -> str:
        """What changes whenever a package is installed or removed (dpkg(1))."""
        try:
            found = (self._root / DPKG / "status").stat()
        except OSError:
            return ""
        return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"

    def _listed(self) -> set[str]:
        """The files of packages; configuration files too."""
        rows: set[str] = set()
        for listing in (self._root / DPKG / "info").glob("*.list"):
            rows |= {row.lstrip("/") for row in listing.read_text("utf-8", "replace").splitlines()}
        return rows

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = read_json(self._folder / name) or {}
        except Corrupt as error:
            log.warning("what user-patches.sh did before is not known", reason=error)
            return {}
        return found

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        if not value and not (self._folder / name).exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = self._folder / f"{name}.new"
        aside.write_text(json.dumps(value))
        aside.replace(self._folder / name)


def _ordered(index: Index) -> list[str]:
    """Folders that come before what is in them, what goes after what was in it."""
    coming = sorted(path for path, row in index.items() if row["before"] != ABSENT)
    going = sorted((path for path, row in index.items() if row["before"] == ABSENT), reverse=True)
    return [*coming, *going]


def _products(managed: Iterable[str]) -> Iterator[str]:
    """What is compiled of managed files."""
    for path in managed:
        yield f"{path}.lmdb"
        if path.endswith(".sieve"):
            yield f"{path.removesuffix('.sieve')}.svbin"
