"""Writes a file of a release beside its target: from what is live where most of it stays, else as a whole."""

from __future__ import annotations

from functools import partial

from agent.apply.attempt import Attempt
from agent.errors import Unavailable
from agent.files import staging
from agent.files.assembling import Assembly
from agent.files.staged import Staged
from wire.manifest import Entry


def write(attempt: Attempt, entry: Entry) -> Staged:
    """Stage a file, and add it to what waits to be installed. Raises AgentError, OSError."""
    root = attempt.node.paths.root
    assembly, regions = _assembly(attempt, entry), None
    if assembly is not None:
        try:
            aside = staging.stage(root, entry, assembly.write)
            regions = assembly.regions
        except Unavailable:
            assembly = None
    if assembly is None:
        aside = staging.stage(root, entry, attempt.content(entry))
    staged = Staged(entry, aside, root / entry.path, regions)
    attempt.staged.append(staged)
    return staged


def _assembly(attempt: Attempt, entry: Entry) -> Assembly | None:
    """How to put a large file together, where the live one is known to be as the release before has it."""
    node, base = attempt.node, attempt.base.files.get(entry.path)
    if base is None or not base.parts or not entry.parts or base.fill or entry.fill:
        return None
    stamp = node.managed.right_stamp(base, node.wanted(base))
    if stamp is None:
        return None
    live, read = node.paths.target(entry.path), partial(node.contents.part, attempt.objects, entry)
    assembly = Assembly(live, stamp, base, entry, read)
    return assembly if assembly.is_worth_it else None
