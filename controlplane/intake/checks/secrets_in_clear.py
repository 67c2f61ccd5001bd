"""Finds private keys and passwords that anybody with the repository can read in a file."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.errors import Problem
from controlplane.sealing import is_sealed
from controlplane.statefiles.parsed import Place
from controlplane.statefiles.secret_parts import is_searched, secret_parts
from controlplane.statefiles.treefile import SETTINGS
from wire import private_keys


def in_clear(path: str, content: bytes) -> Iterator[Problem]:
    """A problem for the first private key of the file, and one for each line with a password."""
    if is_sealed(content):
        return
    key = private_keys.find(content)
    if key is not None:
        line = content.count(b"\n", 0, key.start) + 1
        yield Place(path, line, key.shown).problem("a private key in the clear", _cure(path), key.shown)
    if is_searched(path):
        for part in secret_parts(path, content.decode(errors="replace")):
            if part.must:
                culprit = part.what.partition(" ")[0] if path == SETTINGS else "…"
                cure = part.cure and f"{part.cure} ({_ALLOWED})"
                yield Place(path, part.line, part.shown).problem(part.what, cure or _cure(path), culprit)


_ALLOWED = f"ALLOW_CLEARTEXT_SECRETS=1 in {SETTINGS} takes it as it is"


def _cure(path: str) -> str:
    environment = ", or set it in the container's environment" if path == SETTINGS else ""
    return f"seal it: mailctl seal {path}{environment} ({_ALLOWED})"
