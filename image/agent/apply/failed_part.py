"""Which part of a release failed: what came with the same change as what the failure names."""

from __future__ import annotations

import re

from agent.apply.node import Node
from agent.apply.user_patches.script import SCRIPT
from agent.errors import AgentError, Failed
from agent.release.git_objects import ObjectReader
from agent.release.held import Part, difference, named_part
from agent.release.manifest import Release
from wire.manifest import Action, Entry

OWNER = "mail_owner"
"""Lists of accounts name the owner of mail as well: they would not fit a configuration with another one."""
MOST_CHANGES = 50
"""Releases between the live and the failed one that are examined separately."""


def failed_part(node: Node, objects: ObjectReader, base: Release, target: Release, failure: Failed) -> Part:
    """What of a release failed: the configuration that came with the same change as what the failure names.

    Several changes may have made one release; each has its own on `rendered`, and only those are held that
    touch a file of the service at fault, or that share a file with one of these.
    """
    whole = difference(base, target)
    changes = [change & whole for change in _changes(node, objects, base, target)] or [whole]
    changes += [named_part(row) & whole for row in node.applied.held.get("why", ())]
    heavy = frozenset(path for path in whole.files if _is_heavy(base.files.get(path), target.files.get(path)))
    found = Part(_at_fault(base, target, whole.files, heavy, failure)) or Part(heavy) or whole
    while True:
        wider = found
        for change in changes:
            if change.files & wider.files or (failure.service in change.services):
                files = change.files if OWNER in change.facts else change.files & heavy
                wider |= Part(files, change.services, change.facts)
        if wider == found:
            return found
        found = wider


def _is_heavy(old: Entry | None, new: Entry | None) -> bool:
    """Whether a file is configuration: it has an action, or it is removed and others may refer to it."""
    return new is None or new.action != Action.NONE or (old is not None and old.action != Action.NONE)


def _at_fault(
    base: Release, target: Release, changed: frozenset[str], heavy: frozenset[str], failure: Failed
) -> frozenset[str]:
    services = {failure.service}
    if SCRIPT in changed:  # it may have broken anybody's files
        services |= set((target.files.get(SCRIPT) or base.files[SCRIPT]).services)
    found = {
        path
        for path in heavy
        if any(services & set(e.services) for e in (base.files.get(path), target.files.get(path)) if e)
    }
    if failure.path in changed:
        entry = target.files.get(failure.path) or base.files[failure.path]
        return frozenset(found | {failure.path}) if entry.action != Action.NONE else frozenset({failure.path})
    return frozenset(found)


def _changes(node: Node, objects: ObjectReader, base: Release, target: Release) -> list[Part]:
    """What each release from the one that serves to this one changed; [] where that is not known."""
    found: list[Part] = []
    newer = target
    try:
        newer = node.read(objects, target.commit, target.number)
        for _ in range(MOST_CHANGES):
            _, _, content = objects.read(newer.commit)
            parent = re.search(rb"^parent (\w+)$", content.partition(b"\n\n")[0], re.MULTILINE)
            if parent is None:
                return []
            older = node.read(objects, parent[1].decode(), 0)
            found.append(difference(older, newer))
            if older.commit == base.commit:
                return found
            newer = older
    except AgentError:
        return []
    return []
