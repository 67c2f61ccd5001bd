"""What serves at a start when records, objects or the whole state repository are lost or damaged.

The applied release is looked for in this order: the agent's record of it and the state repository; the
agent's own copy (kept_files.py); the copy of the release before; the newest releases of `rendered`. Whatever
was taken instead is named in the findings, and the daemon brings the newest release when it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from agent.apply.contents import VERIFY
from agent.apply.node import Node
from agent.errors import AgentError, Corrupt, NotFound
from agent.records.findings import RELEASE, Damage
from agent.records.journal import COMMIT, Applied
from agent.release.git_objects import ObjectReader
from agent.release.manifest import Release
from wire.manifest import Entry

RENDERED = "refs/heads/rendered"
GIVE = "put certificate and key back where they come from (docs/tls.md), or name others"
"""The cure of a certificate that is lost."""
FAR = 20
"""Releases of `rendered` that are tried when it is unknown which one served."""


class NoObjects(ObjectReader):
    """Replaces a state repository that cannot be opened: an empty one."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def read(self, name: str) -> tuple[str, str, bytes]:
        """Raises NotFound."""
        raise NotFound(f"{name} cannot be read: {self._reason}")


def recall(node: Node) -> Applied:
    """The release that served last, by the agent's record, else by its other records."""
    applied, damage = node.journal.find_applied()
    if applied.commit:
        return applied
    found = max(_witnesses(node), key=lambda each: each.number, default=Applied())
    if found.commit:
        node.findings.mended(
            "agent",
            f"applied.json was {f'damaged ({damage})' if damage else 'lost'}: release {found.number} served,"
            " by the agent's other records",
        )
        _write(node, found)
    elif damage:
        node.findings.found(
            "agent", f"applied.json was damaged ({damage})", "the control plane tells what is to serve"
        )
    return found


def _write(node: Node, applied: Applied) -> None:
    try:
        node.journal.set_applied(applied)
    except OSError as error:
        node.findings.found(
            "agent", f"applied.json cannot be written: {error}", "free the disk, or remount it"
        )


def _witnesses(node: Node) -> Iterator[Applied]:
    """Releases that other records name as serving: the copy, and outcomes not yet acknowledged."""
    for kept in node.kept.releases():
        yield kept.applied
    failure = node.journal.failure()
    for row in [*node.journal.outcomes(), *([failure] if failure else [])]:
        commit = str(row.get("serving_commit") or "")
        if COMMIT.fullmatch(commit):
            yield Applied(commit, int(row["serving"]))


def open_repository(node: Node) -> ObjectReader:
    """A reader of the state repository; of an empty one where it cannot be opened."""
    try:
        return node.open()
    except (AgentError, OSError) as error:
        return NoObjects(str(error))


def read_applied(node: Node, objects: ObjectReader) -> Release:
    """The release to serve; `node.applied` is the one that it turned out to be. Raises AgentError.

    Where nothing is known to have been applied that is none, unless no daemon is there to say (`newest`).
    """
    applied = node.applied
    try:
        release = node.read(objects, applied.commit, applied.number)
    except AgentError as error:
        return _instead(node, objects, applied, error)
    node.findings.gone(RELEASE)
    return release


def _instead(node: Node, objects: ObjectReader, applied: Applied, error: AgentError) -> Release:
    for found, release in _others(node, objects):
        node.applied = found
        same = found.commit == applied.commit
        how = "it is served from the agent's copy" if same else f"release {found.number} is served instead"
        what = f"release {applied.number} cannot be read from the state repository: {error}; {how}"
        node.findings.found(RELEASE, what, VERIFY)
        return release
    raise Corrupt(f"release {applied.number} cannot be read, and there is no copy of it: {error}") from error


def _others(node: Node, objects: ObjectReader) -> Iterator[tuple[Applied, Release]]:
    kept = sorted(node.kept.releases(), key=lambda each: each.applied.commit != node.applied.commit)
    for each in kept:
        try:
            yield each.applied, node.kept.release(each)
        except AgentError:
            continue
    yield from newest(node, objects)


def newest(node: Node, objects: ObjectReader) -> Iterator[tuple[Applied, Release]]:
    """Releases of `rendered` that can be read, the newest first."""
    commit = RENDERED
    for _ in range(FAR):
        try:
            identity, _, content = objects.read(commit)
            text = content.decode("utf-8", "replace")
            number = re.search(r"^Release: (\d+)$", text, re.MULTILINE)
            parent = re.search(r"^parent (\w+)$", text, re.MULTILINE)
            if number:
                release = node.read(objects, identity, int(number[1]))
                yield Applied(identity, int(number[1])), release
        except AgentError:
            if not COMMIT.fullmatch(commit):
                return
        if not parent:
            return
        commit = parent[1]


def obtainable(node: Node, objects: ObjectReader, entry: Entry) -> Entry | None:
    """The file to write, or an older one of the same path; None where what is on disk has to do."""
    node.unknown.discard(entry.path)
    try:
        node.contents.content(objects, entry)
    except AgentError as error:
        older = None if entry.slot else node.kept.older(entry.path)
        there = node.paths.target(entry.path).exists()
        node.unknown.add(entry.path)
        what = (
            "is served as it is on disk" if there else "is served as it was before" if older else "is missing"
        )
        part = f"certificate {entry.slot}" if entry.slot else f"object {entry.identity}"
        node.findings.found(part, f"{error}; /{entry.path} {what}", GIVE if entry.slot else VERIFY)
        return replace(entry, identity=older.identity, parts=older.parts) if older and not there else None
    return entry


def look_again(node: Node) -> None:
    """Clear findings whose damage is repaired; free of cost where there are none."""
    known = node.findings.damage
    if not known:
        return
    with open_repository(node) as objects:
        for damage in known:
            if _is_whole(node, objects, damage):
                node.findings.gone(damage.part)
                node.unknown.clear()


def _read_whole(objects: ObjectReader, identity: str) -> None:
    """Read a blob, or what is in the folder of a large file's parts. Raises AgentError."""
    if objects.read(identity)[1] == "tree":
        for _, _, oid in objects.walk(identity):
            objects.blob(oid)
    else:
        objects.blob(identity)


def _is_whole(node: Node, objects: ObjectReader, damage: Damage) -> bool:
    kind, _, identity = damage.part.partition(" ")
    try:
        if damage.part == RELEASE:
            node.read(objects, node.applied.commit, node.applied.number)
        elif kind == "object":
            _read_whole(objects, identity)
        elif kind == "certificate":
            slots = [entry for entry in node.release.files.values() if entry.slot == identity]
            return all(node.certificates.blob(entry.identity, entry.part) for entry in slots)
        elif damage.part == "agent":
            return bool(node.applied.commit and node.journal.applied().commit)
        else:
            return False
    except AgentError:
        return False
    return True
