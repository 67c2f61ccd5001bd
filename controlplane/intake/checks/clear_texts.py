"""Secrets in the clear that `main` has already: they were not detected then, or they were allowed.

It is in the history already, so refusing others' changes for it would protect nothing: it is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from controlplane.errors import MailserverError, Problem
from controlplane.git import StateRepo
from controlplane.intake.checks.secrets_in_clear import in_clear
from controlplane.intake.plan import Notice
from controlplane.intake.trees import Files, MainReader
from controlplane.model import State
from controlplane.settings import ENV_FILE
from controlplane.statefiles import env_file, relay
from controlplane.statefiles.continuation_lines import logical_lines
from controlplane.statefiles.parsed import MAX_PROBLEMS
from controlplane.statefiles.treefile import CONFIG

MOST_TOLD = 10


Find = Callable[[str, bytes], Iterator[Problem]]
"""Finds secrets in a file, given its path and its content."""


def new_in_clear(state: State, search: Find, path: str, content: bytes) -> Iterator[Problem]:
    """Problems that `search` finds, without those in texts that `state` already has.

    Where `state` allows clear text, all are reported: whoever forbids it now has to know what is left.
    """
    found = search(path, content)
    if state.settings.allow_cleartext_secrets:
        yield from found
        return
    override = state.desired.overrides.get(path.removeprefix(CONFIG))
    if override is not None and override.content == content:
        return
    first = next(found, None)
    if first is None:
        return
    known = _known_lines(state, path, content.decode(errors="replace"))
    yield from (problem for problem in (first, *found) if problem.line not in known)


def _known_lines(state: State, path: str, text: str) -> set[int]:
    """Lines of a parsed file that match the state."""
    if path == relay.CREDENTIALS.path:
        entries = ((entry.numbers, relay.take_apart(entry.text)) for entry in logical_lines(text))
        rows = state.desired.relay_credentials
        return {n + 1 for numbers, row in entries if rows.get(row.key.lower()) == row.value for n in numbers}
    if path == ENV_FILE:
        written = ((place.name, place.value) for place in env_file.written_values(text))
        settings = state.desired.settings
        return {env_file.line_of(text, name) for name, value in written if settings.get(name) == value}
    return set()


def allowed(files: Files, search: Find) -> tuple[Notice, ...]:
    """Warnings about secrets in the clear that ALLOW_CLEARTEXT_SECRETS permits."""
    found = list(islice(_places(files, search), MAX_PROBLEMS))
    told = [
        Notice(f"{p.path}:{p.line}", f"{p.message}, for everybody with a clone") for p in found[:MOST_TOLD]
    ]
    if len(found) > MOST_TOLD:
        told.append(Notice(ENV_FILE, "more secrets stand in the clear: mailctl secrets find"))
    return tuple(told)


def _places(files: Files, search: Find = in_clear) -> Iterator[Problem]:
    for path, file in sorted(files.items()):
        yield from search(path, file.content)


@lru_cache(maxsize=2)
def on_main(repository: Path, commit: str) -> tuple[str, ...]:
    """`path:line` of secrets in the clear in a commit of `main`, at most `MAX_PROBLEMS`; none if it cannot
    be read. Searched once a commit."""
    try:
        files = MainReader().read(StateRepo(repository), commit) if commit else {}
    except MailserverError:
        return ()
    return tuple(f"{p.path}:{p.line}" for p in islice(_places(files), MAX_PROBLEMS))
