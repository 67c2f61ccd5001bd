"""Checks that sealed texts on `main` are of use: in a place where they are opened, and for this server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controlplane.errors import Problem
from controlplane.intake.trees import Files
from controlplane.model import State
from controlplane.sealing import PREFIX, VALUE, is_sealed, is_sealed_value
from controlplane.secrets import RECIPIENT
from controlplane.settings import ENV_FILE, catalog
from controlplane.statefiles import accounts, env_file
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.secret_parts import has_format
from controlplane.statefiles.tree import CONFIG, PARSED
from renderers.release import reads_clear

Fault = Callable[[str], str]
"""Why a sealed text cannot be used; empty if it can."""

OWN = f"{CONFIG}gitops/"
"""The folder of the files for the control plane itself."""


def never_sealed(path: str) -> bool:
    """Whether a file of `main` cannot be sealed as a whole, since it is read before the node opens it."""
    return path in PARSED or path.startswith(OWN) or reads_clear(path.removeprefix(CONFIG))


def misplaced(files: Files) -> Iterator[Problem]:
    """Sealed texts in places where nothing opens them; needs no identity to tell."""
    for path, file in files.items():
        if not is_sealed(file.content):
            continue
        if has_format(path) and path in PARSED:
            cure = f"seal its values, so that it can be reviewed: mailctl seal {path} (of the clear file)"
            yield Problem(path, 1, "the file is sealed as a whole", cure)
        elif never_sealed(path):
            yield Problem(path, 1, "this file cannot be sealed", "write it in the clear; it holds no secrets")
    if ENV_FILE in files and PREFIX.encode() in files[ENV_FILE].content:
        yield from _settings(files[ENV_FILE].content.decode(errors="replace"))


def _settings(text: str) -> Iterator[Problem]:
    for name, value in env_file.parse(text).rows.items():
        spec = catalog.SETTINGS.get(name)
        if is_sealed_value(value) and spec is not None and not spec.secret:
            place = Place(ENV_FILE, env_file.line_of(text, name), name, f"{name}={PREFIX}…")
            yield place.problem(f"{name} is no secret, so nothing opens it", "write it in the clear", name)


def unopenable(files: Files, state: State, fault: Fault) -> Iterator[Problem]:
    """Sealed texts that the server cannot open, except those that `state` already has.

    They came when another identity opened them, and others' changes must not wait for their repair.
    """
    known: str | None = None
    for path, file in files.items():
        for sealed, line in _sealed(path, file.content):
            known = _texts(state) if known is None else known
            if sealed.strip() not in known and (message := fault(sealed)):
                cure = f"seal it again for the recipient in {RECIPIENT}: mailctl seal"
                yield Place(path, line, "").problem(message, cure)


def recipient_changed(files: Files, state: State, recipient: str) -> Iterator[Problem]:
    """A problem if the recipient on `main` is not this server's: people would seal for somebody else."""
    file = files.get(RECIPIENT)
    before = state.desired.overrides.get(RECIPIENT.removeprefix(CONFIG))
    if file is None or (before is not None and before.content == file.content):
        return
    if file.content.decode(errors="replace").strip() != recipient:
        message = "this is not the recipient of this server, so it could not open what is sealed for it"
        yield Place(RECIPIENT, 1, "").problem(message, f"write {recipient}")


def _sealed(path: str, content: bytes) -> Iterator[tuple[str, int]]:
    """The sealed texts of a file, each with its line."""
    if is_sealed(content):
        yield content.decode(errors="replace"), 1
    elif path != accounts.PATH and PREFIX.encode() in content:
        text = content.decode(errors="replace")
        for word in VALUE.finditer(text):
            yield word[0], text.count("\n", 0, word.start()) + 1


def _texts(state: State) -> str:
    """Everything in the state that may hold something sealed."""
    desired = state.desired
    parts = [*desired.settings.values(), *desired.relay_credentials.values()]
    parts += [master.password_hash for master in desired.masters.values()]
    contents = (override.content for override in desired.overrides.values())
    marks = (PREFIX.encode(), b"AGE ENCRYPTED")
    return "\n".join([*parts, *(c.decode(errors="replace") for c in contents if any(m in c for m in marks))])
