"""Files of the config volume that a release has, since another of its files names them.

They are placed before everything that names them and without a trace beside them; going back is placing the
former content, and what is to be removed goes with the projection of `main`, once nothing names it any more.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.errors import Failed, Problem
from agent.files.placed import Wanted
from agent.files.staged_tree import StagedTree
from agent.files.staging import product
from agent.log import log
from agent.release.git_objects import ObjectReader
from agent.release.manifest import Content, Release
from wire.config_folder import below_config
from wire.manifest import TABLES, Compile, Entry

Compiler = Callable[[Iterable[tuple[Path, Compile, str]], Path], None]


def folder_files(release: Release) -> tuple[Entry, ...]:
    """The files of a release that lie on the config volume."""
    return tuple(entry for path, entry in release.files.items() if below_config(path))


def wanted_of(entries: Iterable[Entry]) -> Wanted:
    """What is to lie on the volume."""
    return {below_config(entry.path): (entry.identity, bool(entry.mode & 0o100)) for entry in entries}


def compile_tables(
    compiler: Compiler, scratch: Path, entries: Iterable[Entry], content: Content
) -> dict[str, bytes]:
    """The compiled tables of these files, by path below `config/`. Raises Failed with path and line."""
    found: dict[str, bytes] = {}
    for entry in entries:
        if entry.compile in TABLES:
            scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="tables-", dir=scratch) as folder:
                source = Path(folder, "table")
                source.write_bytes(content(entry))
                try:
                    compiler([(source, entry.compile, entry.services[0])], scratch)
                except Failed as error:
                    reason = error.reason.replace(str(source), f"/{entry.path}")
                    raise Failed(error.service, reason, entry.path, error.line) from error
                made = product(Path(entry.path), entry.compile)
                found[below_config(str(made))] = product(source, entry.compile).read_bytes()
    return found


def place(
    node: Node,
    objects: ObjectReader,
    entries: Iterable[Entry],
    release: Release,
    tables: Mapping[str, bytes],
) -> None:
    """Bring these files of a release to the config volume. Raises Failed."""
    node.placed = wanted_of(folder_files(release))
    found = {below_config(entry.path): entry for entry in entries}
    if not found:
        return
    try:
        edited = node.volume.place(
            wanted_of(found.values()), lambda path: node.contents.content(objects, found[path]), tables
        )
    except OSError as error:
        first = next(iter(found.values()))
        reason = f"the config volume cannot be written: {error.strerror}"
        raise Failed(first.services[0], reason, first.path) from error
    if edited:
        log.info("edited on the config volume", paths=",".join(edited))


def lacking(node: Node) -> set[str]:
    """Those of the config volume's files, as the release that serves has them, of which something is gone."""
    found = set()
    for entry in folder_files(node.release):
        place = node.paths.target(entry.path)
        if not place.exists() or (entry.compile and not product(place, entry.compile).exists()):
            found.add(entry.path)
    return found


def place_back(attempt: Attempt) -> None:
    """Bring what an attempt placed back to the release before. Raises Failed."""
    node, base = attempt.node, attempt.base
    entries = [base.files[entry.path] for entry in attempt.plan.place if entry.path in base.files]
    tables = compile_tables(node.compiler, node.paths.run, entries, attempt.content)
    place(node, attempt.objects, entries, base, tables)


def unplaceable(staged: StagedTree) -> Iterator[Problem]:
    """Changed files that cannot be placed, since the volume or the file is mounted read-only."""
    for entry in folder_files(staged.target):
        if staged.changed(entry) and (text := _in_the_way(staged, entry)):
            yield Problem(entry.services[0], entry.path, 0, text)


def _in_the_way(staged: StagedTree, entry: Entry) -> str:
    live = staged.root / entry.path
    if not _is_read_only(live):
        return ""
    try:
        same = live.read_bytes() == staged.content(entry)
    except OSError:
        same = False
    if not same:
        return "the config volume is mounted read-only, and this file is read there: change it where it is"
    if entry.compile and not product(live, entry.compile).is_file():
        return "the config volume is mounted read-only, so no table is compiled there: name it texthash:"
    return ""


def _is_read_only(path: Path) -> bool:
    for place in (path, *path.parents):
        try:
            return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
        except OSError:
            continue
    return False


def differs(base: Release, target: Release) -> bool:
    """Whether the releases differ in files of the config volume."""
    return dict.fromkeys(folder_files(base)) != dict.fromkeys(folder_files(target))
