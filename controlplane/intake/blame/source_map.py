"""Maps lines of rendered files back to the lines of `main` that they come from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from controlplane.errors import Problem
from controlplane.intake.trees import Files
from controlplane.model import State
from renderers.release import NodeTree
from renderers.service import RenderedFile

NONE: Files = MappingProxyType({})
HIDDEN = ("mailserver.env", "config/postfix-accounts.cf", "config/postfix-sasl-password.cf")
"""Files whose lines are never shown, as they may hold secrets."""


def locate(tree: NodeTree, path: str, line: int) -> tuple[str, int]:
    """The file and line of `main` behind a rendered line; ("", 0) if the line is the server's own."""
    file = tree.files.get(path)
    if not isinstance(file, RenderedFile):
        return "", 0
    return locate_source([(origin.line, origin.path, origin.at) for origin in file.origins], line)


def locate_source(origins: Sequence[Sequence[Any]], line: int) -> tuple[str, int]:
    """The same, from the origins of one file in a manifest: rows of line, path, at."""
    if line <= 0:
        paths = {path for _, path, _ in origins if path}
        return (paths.pop(), 0) if len(paths) == 1 else ("", 0)
    index = bisect_right(origins, line, key=lambda row: int(row[0])) - 1
    if index < 0 or not origins[index][1]:
        return "", 0
    start, path, at = origins[index]
    if int(at) < 1:
        return str(path), 0
    return str(path), int(at) + line - int(start)


def problem_of(tree: NodeTree, state: State, complaint: dict[str, Any], files: Files = NONE) -> Problem:
    """Turn a checker's complaint (`service`, `path`, `line`, `message`) into a problem on `main`."""
    service, rendered = str(complaint.get("service", "")), str(complaint.get("path", ""))
    number = int(complaint.get("line") or 0)
    path, line = locate(tree, rendered, number)
    if path in files and not line:
        line = entry_line(files[path].content, tree, rendered, number)
    where = f" (/{rendered}{f':{number}' if number else ''})" if rendered else ""
    message = f"{service}: {complaint.get('message', '')}{where}" if service else str(complaint["message"])
    if not path:
        cure = (
            "see which of the changed files or settings leads there; `mailctl diff` shows the rendered lines"
        )
        return Problem(path=f"/{rendered}" if rendered else "", line=number, message=message, cure=cure)
    return Problem(
        path=path,
        line=line,
        message=message,
        cure="correct or remove this line" if line else "correct or remove what it says",
        excerpt=_excerpt(state, files, path, line),
    )


def entry_line(content: bytes, tree: NodeTree, rendered: str, number: int) -> int:
    """The line in the person's file where the entry of a rendered line starts; 0 if unknown."""
    file = tree.files.get(rendered)
    rows = file.content.splitlines() if isinstance(file, RenderedFile) else []
    if not 0 < number <= len(rows):
        return 0
    entry = _bare(rows[number - 1])
    own = [_bare(row) for row in content.splitlines()]
    fitting = [at for at, row in enumerate(own, 1) if row and entry.startswith(row)]
    return max(fitting, key=lambda at: len(own[at - 1]), default=0)


def _bare(row: bytes) -> bytes:
    """A row without white space, which an entry may have anywhere, as it may go on below."""
    return b"".join(row.split())


def _excerpt(state: State, files: Files, path: str, line: int) -> str:
    override = state.desired.overrides.get(path.removeprefix("config/"))
    content = files[path].content if path in files else override.content if override else b""
    if path in HIDDEN or line <= 0:
        return ""
    lines = content.decode("utf-8", "replace").split("\n")
    text = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    return "".join(c if c.isprintable() else " " for c in text)[:200]
