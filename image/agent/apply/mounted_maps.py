"""Compile Postfix maps whose source file is mounted over.

The source is not ours to write, but without the compiled map beside it Postfix would defer every message
that needs it. Changes of a mounted file go unnoticed, so it is checked at each release and at each start.
"""

from __future__ import annotations

from agent.apply.attempt import Attempt
from agent.apply.node import Node
from agent.errors import AgentError
from agent.files import staging
from agent.log import log
from wire.manifest import TABLES, Entry


def compile_mounted(attempt: Attempt) -> None:
    """Bring the compiled maps of mounted sources up to date; one that cannot be compiled stays as it is."""
    files = attempt.target.files
    for path in sorted(attempt.node.pinned & files.keys()):
        if files[path].compile in TABLES:
            try:
                _compile(attempt.node, files[path])
            except (AgentError, OSError) as error:
                log.warning("a mounted map was not compiled", path=path, reason=error)


def _compile(node: Node, entry: Entry) -> None:
    root = node.paths.root
    source = root / entry.path
    live = staging.product(source, entry.compile)
    if not source.is_file() or (live.exists() and live.stat().st_mtime_ns > source.stat().st_mtime_ns):
        return
    aside = staging.stage(root, entry, source.read_bytes())
    try:
        node.compiler([(aside, entry.compile, entry.services[0])], node.paths.run)
        staging.product(aside, entry.compile).replace(live)
    finally:
        staging.product(aside, entry.compile).unlink(missing_ok=True)
        aside.unlink()
